//! Checkpoints further apart than the run is long are a warning.

use super::StageView;
use crate::codes;
use crate::quantity::Dimension;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let steps = stage.steps?;
    let checkpoint = stage.block("checkpoint")?;
    let every = checkpoint.quantity("every").ok()?;
    let written = every.dimension == Dimension::STEPS && every.f64() > steps as f64;
    let span = checkpoint.span_of("every");
    written
        .then(|| codes::e0416::period("the checkpoint", (every.ceil_u64().unwrap_or(u64::MAX), span), steps))
}
