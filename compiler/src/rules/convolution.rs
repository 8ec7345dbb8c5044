//! A convolution sees as many tokens before as after each, and lies between two blocks.

use super::ModelView;
use crate::codes;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(model: &ModelView<'_>) -> Option<Diagnostic> {
    let width = model.count("convolution")?;
    if width.0.is_multiple_of(2) {
        return Some(codes::e0435::even(model.name, width));
    }
    let decoded = model.fields.word("mask_decoder").ok()? == "enhanced";
    let detects = model.fields.known("generator_layers").is_some();
    let layers = model.count(if detects { "generator_layers" } else { "layers" })?;
    (decoded && layers.0 < 2).then(|| codes::e0435::no_block_before(model.name, width.1))
}
