//! `sequence` is at most the context of the model.

use super::StageView;
use crate::codes;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let sequence = stage.count("sequence")?;
    let model = stage.model.as_ref()?;
    let context = model.fields.u64("context").ok()?;
    let (at, name) = (model.fields.span_of("context"), &model.name);
    (sequence.0 > context).then(|| codes::e0402::sequence(sequence, context, at, name))
}
