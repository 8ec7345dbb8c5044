//! A stage learns from one kind of data: running text, conversations, labelled records.

use super::StageView;
use crate::codes;
use crate::codes::e0450::Holds;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let kind = stage.fields.type_name?;
    let data = stage.fields.object("data").ok()?;
    let holds = Holds::of(stage.eval.fields(data).ok()?.type_name?, &stage.eval.dataset(data).ok()?);
    if holds == Holds::read_by(kind) {
        return None;
    }
    let object = stage.eval.program.object(data);
    Some(codes::e0450::pairing(kind, &object.flat, holds, stage.fields.span_of("data"), object.name.span))
}
