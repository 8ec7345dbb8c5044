//! What a run reports, for people and programs: `metrics.jsonl` and TensorBoard event files.
//!
//! Everything deterministic stands directly in a line; everything that a clock had a part in stands under
//! `time`. So two runs are compared by dropping that one key ([`jsonl::without_time`]).

pub mod crc32c;
pub mod events;
pub mod jsonl;
pub mod protobuf;

#[cfg(test)]
mod tensorboard_test;

use crate::run::codes;
use events::EventFile;
use jsonl::Lines;
use regimen_base::Diagnostic;
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Name of the file with one JSON object per step and evaluation.
pub const METRICS: &str = "metrics.jsonl";

/// One line of metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Optimizer steps done.
    pub step: u64,
    /// Tokens trained on so far.
    pub tokens: u64,
    /// Name of the evaluation; none for a training step.
    pub evaluation: Option<String>,
    /// Values by name, in the order of the plan.
    pub values: Vec<(String, f64)>,
    /// Seconds that the step or evaluation took.
    pub seconds: f64,
}

/// Writes lines to both files.
#[derive(Debug)]
pub struct Recorder {
    lines: Lines,
    events: EventFile,
    start: Instant,
    /// Where the first error is reported.
    folder: std::path::PathBuf,
}

impl Recorder {
    /// Opens both files in the run folder. A resumed run keeps the first `keep` lines; later ones belong to
    /// steps that will be computed again.
    ///
    /// The second result is a warning if fewer lines than that were there.
    ///
    /// # Errors
    /// If a file cannot be opened or written.
    pub fn open(folder: &Path, keep: u64, step: u64) -> Result<(Recorder, Option<Diagnostic>), Diagnostic> {
        let path = folder.join(METRICS);
        let failed = |e| codes::run_folder_failed("open", &path, &e);
        let lines = Lines::open(&path, keep).map_err(failed)?;
        let warning = (lines.count() < keep).then(|| codes::metrics_short(&path, keep, lines.count()));
        let events = EventFile::create(folder, unix_seconds(), step)
            .map_err(|e| codes::run_folder_failed("write events in", folder, &e))?;
        Ok((Recorder { lines, events, start: Instant::now(), folder: folder.to_owned() }, warning))
    }

    /// Appends a line to both files.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&mut self, line: &Line) -> Result<(), Diagnostic> {
        let elapsed = self.start.elapsed().as_secs_f64();
        let group = line.evaluation.as_deref().unwrap_or("train");
        let scalars = line.values.iter().map(|(name, value)| (format!("{group}/{name}"), *value as f32));
        let scalars: Vec<(String, f32)> = scalars.collect();
        self.lines
            .append(line, elapsed)
            .and_then(|()| self.events.scalars(unix_seconds(), line.step, &scalars))
            .map_err(|e| codes::run_folder_failed("write metrics in", &self.folder, &e))
    }

    /// Shows a generated text in TensorBoard.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn text(&mut self, step: u64, text: &str) -> Result<(), Diagnostic> {
        let written = self.events.text(unix_seconds(), step, "sample", text);
        written.map_err(|e| codes::run_folder_failed("write events in", &self.folder, &e))
    }

    /// Makes everything written durable and returns the number of lines: what a checkpoint notes.
    ///
    /// # Errors
    /// If the device does not confirm.
    pub fn sync(&mut self) -> Result<u64, Diagnostic> {
        let synced = self.lines.sync().and_then(|()| self.events.sync());
        synced.map_err(|e| codes::run_folder_failed("sync metrics in", &self.folder, &e))?;
        Ok(self.lines.count())
    }
}

fn unix_seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}
