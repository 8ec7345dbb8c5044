//! A stage that tells classes learns from labelled data, and no other stage does.

use super::StageView;
use crate::codes;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let kind = stage.fields.type_name?;
    let data = stage.fields.object("data").ok()?;
    let labelled = stage.eval.dataset_is_labelled(data).ok()?;
    let object = stage.eval.program.object(data);
    let at = stage.fields.span_of("data");
    (labelled != (kind == "classify"))
        .then(|| codes::e0450::pairing(kind, &object.flat, labelled, at, object.name.span))
}
