//! What a run tells while it runs. The command line draws it; nothing is printed from here.

use regimen_base::Diagnostic;
use std::path::Path;

/// A stage begins or goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Started<'a> {
    /// Name of the stage.
    pub stage: &'a str,
    /// The run folder.
    pub folder: &'a Path,
    /// Steps done by an earlier process, if it goes on from a checkpoint.
    pub resumed_at: Option<u64>,
    /// Steps of the whole stage.
    pub steps: u64,
    /// Tokens of one step.
    pub tokens_per_step: u64,
    /// Bytes that will be alive at the peak.
    pub planned_bytes: u64,
}

/// A step is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<'a> {
    /// Steps done, this one included.
    pub step: u64,
    /// Steps of the whole stage.
    pub steps: u64,
    /// Metrics by name.
    pub metrics: &'a [(String, f64)],
    /// Tokens per second, averaged over the last steps.
    pub tokens_per_second: f64,
    /// Seconds until the stage ends at the pace so far, evaluations and checkpoints included.
    pub seconds_left: f64,
}

/// An evaluation is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluated<'a> {
    /// Its name.
    pub name: &'a str,
    /// Steps done.
    pub step: u64,
    /// Metrics by name.
    pub metrics: &'a [(String, f64)],
    /// Whether it is the best so far of the watched metric.
    pub best: bool,
    /// Evaluations since the last improvement and how many are allowed, if early stopping is on.
    pub patience: Option<(u64, u64)>,
}

/// Told of everything worth showing. All methods do nothing unless implemented.
pub trait Observer {
    /// A stage begins or goes on.
    fn started(&mut self, _started: &Started) {}
    /// A step is done.
    fn step(&mut self, _step: &Step) {}
    /// A part of an evaluation is done.
    fn evaluating(&mut self, _name: &str, _done: u64, _batches: u64) {}
    /// An evaluation is done.
    fn evaluated(&mut self, _evaluated: &Evaluated) {}
    /// A text was generated.
    fn sample(&mut self, _step: u64, _prompt: &str, _text: &str) {}
    /// A checkpoint is durable.
    fn checkpoint(&mut self, _step: u64, _folder: &Path, _bytes: u64, _seconds: f64) {}
    /// Early stopping ends the training after this step.
    fn stopping_early(&mut self, _step: u64) {}
    /// Something is not as it should be, and the run goes on.
    fn warning(&mut self, _warning: &Diagnostic) {}
}

/// Looks away.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}
