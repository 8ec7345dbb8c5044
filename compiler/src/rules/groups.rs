//! Key and value heads divide the query heads; rotary positions turn pairs of dimensions.

use super::ModelView;
use crate::codes;
use regimen_base::Diagnostic;

/// `kv_heads` divides `heads`.
pub fn key_value_heads(model: &ModelView<'_>) -> Option<Diagnostic> {
    let (heads, groups) = (model.count("heads")?, model.count("kv_heads")?);
    (!heads.0.is_multiple_of(groups.0.max(1))).then(|| codes::e0423::groups(model.name, heads, groups))
}

/// Heads with rotary positions have an even size.
pub fn pairs(model: &ModelView<'_>) -> Option<Diagnostic> {
    model.fields.known("rope_theta")?;
    let (size, span) = match model.count("head_size") {
        Some(size) => size,
        None => {
            let (hidden, heads) = (model.count("hidden")?, model.count("heads")?);
            (hidden.0.is_multiple_of(heads.0.max(1)).then(|| hidden.0 / heads.0.max(1))?, heads.1)
        }
    };
    (size % 2 == 1).then(|| codes::e0424::odd(model.name, size, span))
}
