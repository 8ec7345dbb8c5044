//! Moments on the GPU's own clock, between which instructions run.

use super::device::{Cuda, text};
use cudarc::driver::{result, sys};
use std::time::Duration;

/// Cycles of the GPU's clock that the host gets ahead.
const LEAD: i64 = 8_000_000;

/// A row of moments.
#[derive(Debug)]
pub struct Marks {
    events: Vec<sys::CUevent>,
}

impl Marks {
    /// So many moments, none of which has come.
    ///
    /// # Errors
    /// If the driver refuses.
    pub fn new(n: usize) -> Result<Marks, String> {
        let mut marks = Marks { events: Vec::with_capacity(n) };
        for _ in 0..n {
            marks.events.push(result::event::create(sys::CUevent_flags::CU_EVENT_DEFAULT).map_err(text)?);
        }
        Ok(marks)
    }

    /// Keeps the GPU busy for some milliseconds, so that the host is ahead of it and no moment waits for a launch.
    ///
    /// # Errors
    /// If the driver refuses.
    pub fn lead(cuda: &Cuda) -> Result<(), String> {
        cuda.kernel("elementwise", "wait").threads(1).int(LEAD).run()
    }

    /// The time that a body's work takes on the GPU: nothing if there are less than two moments.
    ///
    /// # Errors
    /// Those of the body, or if the driver refuses.
    pub fn around(
        &self,
        cuda: &Cuda,
        body: impl FnOnce() -> Result<(), String>,
    ) -> Result<Option<Duration>, String> {
        Marks::lead(cuda)?;
        self.set(0, cuda)?;
        body()?;
        self.set(1, cuda)?;
        Ok(self.spans()?.first().copied())
    }

    /// The moment when everything launched so far is done.
    ///
    /// # Errors
    /// If the driver refuses.
    pub fn set(&self, index: usize, cuda: &Cuda) -> Result<(), String> {
        let Some(event) = self.events.get(index) else { return Ok(()) };
        // SAFETY: the event and the stream are alive.
        unsafe { result::event::record(*event, cuda.stream()) }.map_err(text)
    }

    /// The time from each moment to the next, once the last has come.
    ///
    /// # Errors
    /// If the driver refuses.
    pub fn spans(&self) -> Result<Vec<Duration>, String> {
        if let Some(last) = self.events.last() {
            // SAFETY: the event is alive.
            unsafe { result::event::synchronize(*last) }.map_err(text)?;
        }
        let span = |pair: &[sys::CUevent]| {
            // SAFETY: both events were recorded and have come.
            let milliseconds = unsafe { result::event::elapsed(pair[0], pair[1]) }.map_err(text)?;
            Ok(Duration::from_secs_f64(f64::from(milliseconds.max(0.0)) / 1e3))
        };
        self.events.windows(2).map(span).collect()
    }
}

impl Drop for Marks {
    fn drop(&mut self) {
        for event in &self.events {
            // SAFETY: made by `new`, destroyed once.
            let _ = unsafe { result::event::destroy(*event) };
        }
    }
}
