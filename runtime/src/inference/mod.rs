//! Models that are used and not trained: where they come from, and how well they predict texts.

mod perplexity;
mod source;
mod unknown;

pub use perplexity::{Perplexity, Texts, Windows, perplexity};
pub use source::Source;
pub use unknown::unknown;

use crate::run::{Counting, Engine as _, codes};
use regimen_base::Diagnostic;
use regimen_base::plan::Stage;

/// Bytes that were planned for the programs that ran, and what the allocator counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Peak of the programs that ran.
    pub planned: u64,
    /// As the allocator counted it, where it does.
    pub measured: Option<u64>,
}

impl Memory {
    /// Of what an engine has run so far.
    pub fn of(stage: &Stage, engine: &Counting) -> Memory {
        let ran = engine.runs().keys().filter_map(|name| stage.programs.get(name));
        Memory {
            planned: ran.map(|program| program.peak_bytes).max().unwrap_or(0),
            measured: engine.measured_peak(),
        }
    }

    /// What is wrong if the two differ.
    pub fn problem(&self, stage: &Stage) -> Option<Diagnostic> {
        // Where nothing ran, nothing was planned.
        let measured = self.measured.filter(|measured| self.planned > 0 && *measured != self.planned)?;
        Some(codes::peak_differs(&stage.name, self.planned, measured))
    }
}
