//! What the host's side needs of whatever executes programs.
//!
//! Schedule, checkpoints, generation and exchange speak to these two traits only. So they are tested
//! without libtorch, and another executor is one more implementation.

use regimen_base::Diagnostic;
use regimen_base::program::ResidentId;
use std::borrow::Cow;

/// Fills memory that somebody else owns.
pub type Fill<'a> = dyn FnMut(&mut [u8]) -> Result<(), Diagnostic> + 'a;

/// Access to the bytes of resident tensors: contiguous, row-major, little-endian.
pub trait Residents {
    /// The bytes of a resident: borrowed where the host can see them, copied one tensor at a time where
    /// it cannot.
    ///
    /// # Errors
    /// If the device cannot be read.
    fn bytes(&self, resident: ResidentId) -> Result<Cow<'_, [u8]>, Diagnostic>;

    /// Lets `fill` overwrite all bytes of a resident, in place where the host can see them.
    ///
    /// # Errors
    /// Those of `fill`, or if the device cannot be written.
    fn fill(&mut self, resident: ResidentId, fill: &mut Fill) -> Result<(), Diagnostic>;
}

/// Numbers that the host hands to an input tensor.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub enum HostSlice<'a> {
    I64(&'a [i64]),
    F32(&'a [f32]),
}

/// Executes the programs of one stage over its residents.
pub trait Engine: Residents {
    /// Runs a program. Inputs are matched by their source (`tokens`, `labels`, …); the result holds the
    /// numbers of each output, row-major.
    ///
    /// # Errors
    /// If the program does not exist, an input does not fit, or the library fails.
    fn run(&mut self, program: &str, inputs: &[(&str, HostSlice)]) -> Result<Vec<Vec<f64>>, Diagnostic>;

    /// Frees the caches of generated texts; the next program that reads them finds them empty.
    fn release_caches(&mut self);

    /// Largest number of bytes requested so far, if the device's allocator is counted.
    fn measured_peak(&self) -> Option<u64>;

    /// Growth of the process's resident memory since before residents were allocated, to its highest point, where
    /// the system tells and the device's memory is the host's.
    fn resident_growth(&self) -> Option<u64>;

    /// Mean seconds of each instruction of a program, if they were to be observed and it ran.
    fn seconds(&self, program: &str) -> Option<Vec<f64>> {
        let _ = program;
        None
    }

    /// What decides the last bits besides the plan: device, instruction set, threads.
    fn machine(&self) -> String;
}
