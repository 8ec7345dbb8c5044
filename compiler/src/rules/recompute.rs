//! `recompute` is written in one place.

use super::StageView;
use crate::codes;
use regimen_base::Diagnostic;
use regimen_grammar::ast::Ident;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let own = stage.fields.known("recompute")?;
    let inner = stage.block("parallel")?.known("recompute")?;
    let name = Ident { node: "recompute".into(), span: inner.span };
    Some(codes::e0208::set_twice(&name, own.span))
}
