//! The dataset of a stage has the part that is trained on.

use super::StageView;
use crate::codes;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let data = stage.fields.object("data").ok()?;
    let splits = stage.eval.dataset(data).ok()?.splits;
    // A duration in epochs has reported it already.
    stage.numbers?;
    let missing = splits.iter().all(|s| s.name != "train");
    let name = &stage.eval.program.object(data).name;
    missing.then(|| codes::e0431::no_training_part(name, stage.fields.span_of("data")))
}
