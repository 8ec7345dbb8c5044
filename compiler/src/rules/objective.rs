//! A stage trains a model that is made for what it trains for.

use super::StageView;
use crate::codes;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let kind = stage.fields.type_name?;
    let model = stage.model.as_ref()?;
    let fitting = stage.eval.model(model.id).ok()?.objectives();
    let declared = stage.eval.program.object(model.id).name.span;
    let wrong = !fitting.contains(&kind);
    wrong.then(|| codes::e0433::objective(kind, model.name, fitting, stage.fields.span_of("model"), declared))
}
