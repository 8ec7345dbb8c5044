//! How long work tells what it is doing. The command line draws bars from it; tests count.

/// Receives the progress of one phase after another.
pub trait Progress {
    /// A phase begins. `total` is in the unit of [`Progress::advance`], if it is known.
    fn begin(&mut self, phase: &str, total: Option<u64>);
    /// So much more is done, in bytes of text.
    fn advance(&mut self, amount: u64);
    /// The phase is over.
    fn finish(&mut self);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn begin(&mut self, _phase: &str, _total: Option<u64>) {}
    fn advance(&mut self, _amount: u64) {}
    fn finish(&mut self) {}
}
