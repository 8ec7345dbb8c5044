//! One launch of a kernel: where it runs and what it is given.

use super::device::{Cuda, address, text};
use cudarc::driver::{result, sys};
use std::ffi::c_void;
use tch::Tensor;

/// A kernel that is being given its arguments, in the order of its parameters.
#[derive(Debug)]
pub struct Launch<'a> {
    cuda: &'a Cuda,
    file: &'static str,
    name: String,
    grid: [i64; 2],
    threads: i64,
    shared: i64,
    /// Values, each beginning at a word of its own.
    words: Vec<u64>,
    starts: Vec<usize>,
}

impl<'a> Launch<'a> {
    pub(super) fn new(cuda: &'a Cuda, file: &'static str, name: String) -> Launch<'a> {
        Launch { cuda, file, name, grid: [1, 1], threads: 256, shared: 0, words: vec![], starts: vec![] }
    }

    /// Blocks along both axes.
    pub fn grid(mut self, x: i64, y: i64) -> Self {
        self.grid = [x, y];
        self
    }

    /// Threads of a block.
    pub fn threads(mut self, threads: i64) -> Self {
        self.threads = threads;
        self
    }

    /// Bytes of shared memory for each block, besides what the kernel declares itself.
    pub fn shared(mut self, bytes: i64) -> Self {
        self.shared = bytes;
        self
    }

    /// A tensor's address.
    pub fn tensor(self, tensor: &Tensor) -> Self {
        let word = address(tensor);
        self.word(word)
    }

    /// A tensor's address, or null.
    pub fn optional(self, tensor: Option<&Tensor>) -> Self {
        let word = tensor.map_or(0, address);
        self.word(word)
    }

    /// An address, or any other eight bytes.
    pub fn word(self, word: u64) -> Self {
        self.value(&[word])
    }

    /// An `i64` or, on little-endian machines, an `int`.
    pub fn int(self, value: i64) -> Self {
        self.word(value.cast_unsigned())
    }

    /// An `int` that is 0 or 1.
    pub fn flag(self, value: bool) -> Self {
        self.word(u64::from(value))
    }

    /// A `double`.
    pub fn float(self, value: f64) -> Self {
        self.word(value.to_bits())
    }

    /// A structure of eight-byte members.
    pub fn value(mut self, words: &[u64]) -> Self {
        self.starts.push(self.words.len());
        self.words.extend_from_slice(words);
        self
    }

    /// Launches it; nothing happens if there is no block.
    ///
    /// # Errors
    /// If the kernel does not compile, or the driver refuses.
    pub fn run(mut self) -> Result<(), String> {
        if self.grid.contains(&0) {
            return Ok(());
        }
        let function = self.cuda.kernels().function(self.file, &self.name)?;
        let size =
            |n: i64| u32::try_from(n).map_err(|_| format!("kernel `{}` cannot have {n} blocks", self.name));
        let (grid, threads) = ((size(self.grid[0])?, size(self.grid[1])?, 1), (size(self.threads)?, 1, 1));
        let shared = size(self.shared)?;
        self.allow_shared(function).map_err(|e| format!("kernel `{}`: {}", self.name, text(e)))?;
        let base = self.words.as_mut_ptr();
        // SAFETY: starts are indices into the words. The kernels' parameters are those that the operations give, which
        // tests call with every type.
        unsafe {
            let mut parameters: Vec<*mut c_void> =
                self.starts.iter().map(|start| base.add(*start).cast::<c_void>()).collect();
            result::launch_kernel(function, grid, threads, shared, self.cuda.stream(), &mut parameters)
        }
        .map_err(|e| format!("kernel `{}`: {}", self.name, text(e)))
    }

    /// Asks for the shared memory: unasked, a block has 48 KiB less what the kernel declares itself.
    fn allow_shared(&self, function: sys::CUfunction) -> Result<(), result::DriverError> {
        if self.shared == 0 {
            return Ok(());
        }
        let most = sys::CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
        let bytes = i32::try_from(self.shared).unwrap_or(i32::MAX);
        // SAFETY: a function of a module that stays loaded.
        unsafe { result::function::set_function_attribute(function, most, bytes) }
    }
}
