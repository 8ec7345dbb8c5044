//! The micro-batch divides the batch.

use super::StageView;
use crate::codes;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let (batch, micro) = (stage.count("batch")?, stage.count("micro_batch")?);
    (!batch.0.is_multiple_of(micro.0)).then(|| codes::e0412::micro_batch(batch, micro))
}
