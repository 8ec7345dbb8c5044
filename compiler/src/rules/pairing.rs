//! A stage that tells classes learns from labelled data, and no other stage does.

use super::StageView;
use crate::codes;
use crate::codes::e0450::Holds;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let kind = stage.fields.type_name?;
    let data = stage.fields.object("data").ok()?;
    let labelled = stage.eval.dataset_is_labelled(data).ok()?;
    if labelled == (kind == "classify") {
        return None;
    }
    let object = stage.eval.program.object(data);
    let holds = match labelled {
        true => Holds::Records,
        false if stage.eval.dataset(data).ok()?.chats().is_some() => Holds::Conversations,
        false => Holds::Text,
    };
    let at = stage.fields.span_of("data");
    Some(codes::e0450::pairing(kind, &object.flat, holds, at, object.name.span))
}
