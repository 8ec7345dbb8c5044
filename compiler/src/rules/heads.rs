//! `heads` divides `hidden`, unless the size of a head is set by itself.

use super::ModelView;
use crate::codes;
use crate::program::Origin;
use regimen_base::{Diagnostic, Span};

/// The same of a generator's.
pub fn generator(model: &ModelView<'_>) -> Option<Diagnostic> {
    let (hidden, heads) = (model.count("generator_hidden")?, model.count("generator_heads")?);
    let fits = heads.0 == 0 || hidden.0.is_multiple_of(heads.0);
    (!fits).then(|| codes::e0401::generator_heads(model.name, hidden, heads))
}

/// The rule. It points at what was set last: a derivation or a sweep may change one of the two.
pub fn check(model: &ModelView<'_>) -> Option<Diagnostic> {
    if model.fields.is_set("head_size") {
        return None;
    }
    let (hidden, heads) = (model.count("hidden")?, model.count("heads")?);
    if hidden.0.is_multiple_of(heads.0) {
        return None;
    }
    let whole = model.eval.program.object(model.id).span;
    let own = |span: Span| span.file == whole.file && whole.range().contains(&(span.start as usize));
    let outside = model.fields.known("heads").is_some_and(|c| c.origin != Origin::Written);
    let at_heads = outside || (own(heads.1) && !own(hidden.1));
    Some(codes::e0401::heads(model.name, hidden, heads, at_heads))
}
