//! Host memory that the GPU reads by itself, so that a copy needs nobody's attention.

use super::device::{Cuda, text};
use cudarc::driver::{result, sys};

/// One buffer of pinned memory, and the moment when the GPU has read it.
#[derive(Debug)]
pub struct Staging {
    memory: *mut u8,
    bytes: usize,
    read: sys::CUevent,
}

impl Staging {
    /// A buffer.
    ///
    /// # Errors
    /// If the system has no such memory.
    pub fn new(bytes: usize) -> Result<Staging, String> {
        let read = result::event::create(sys::CUevent_flags::CU_EVENT_DISABLE_TIMING).map_err(text)?;
        // SAFETY: freed with the value.
        let memory = unsafe { result::malloc_host(bytes.max(1), 0) }.map_err(text)?;
        Ok(Staging { memory: memory.cast(), bytes, read })
    }

    /// Waits until the last copy was made, lets `fill` write the buffer, and starts the next copy, to an address with
    /// as many bytes.
    ///
    /// # Errors
    /// Those of `fill`, or if the driver fails.
    pub fn send(
        &mut self,
        cuda: &Cuda,
        to: u64,
        fill: impl FnOnce(&mut [u8]) -> Result<(), String>,
    ) -> Result<(), String> {
        // SAFETY: the buffer has this many bytes, and the GPU no longer reads it once the event has passed; the event lives as
        // long as the value.
        unsafe {
            result::event::synchronize(self.read).map_err(text)?;
            let buffer = std::slice::from_raw_parts_mut(self.memory, self.bytes);
            fill(buffer)?;
            result::memcpy_htod_async(to, buffer, cuda.stream()).map_err(text)?;
            result::event::record(self.read, cuda.stream()).map_err(text)
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // SAFETY: made by `new`, and freed once, after the GPU has read it.
        unsafe {
            let _ = result::event::synchronize(self.read);
            let _ = result::event::destroy(self.read);
            let _ = result::free_host(self.memory.cast());
        }
    }
}
