//! Evaluations further apart than the run is long are a warning.

use super::StageView;
use crate::codes;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let steps = stage.steps?;
    let evaluate = stage.block("evaluate")?;
    let every = (evaluate.u64("every").ok()?, evaluate.span_of("every"));
    // With early stopping the same is an error of its own.
    let alone = stage.block("stop").is_none();
    (alone && every.0 > steps).then(|| codes::e0416::period("the evaluation", every, steps))
}
