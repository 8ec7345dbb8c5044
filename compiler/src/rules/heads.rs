//! `heads` divides `hidden`.

use super::ModelView;
use crate::codes;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(model: &ModelView<'_>) -> Option<Diagnostic> {
    let (hidden, heads) = (model.count("hidden")?, model.count("heads")?);
    let wrong = !hidden.0.is_multiple_of(heads.0);
    wrong.then(|| codes::e0401::heads(model.name, hidden, heads))
}
