//! A sample begins with something.

use super::StageView;
use crate::codes;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let sample = stage.block("sample")?;
    let prompt = sample.text("prompt").ok()?;
    prompt.is_empty().then(|| codes::e0425::empty_prompt(sample.span_of("prompt")))
}
