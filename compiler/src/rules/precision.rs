//! The device has units for the precision.

use super::StageView;
use crate::codes;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let (hardware, declared) = stage.hardware.as_ref()?;
    let lacks = stage.fields.word("precision").ok()? == "bf16" && hardware.flops_bf16.is_none();
    lacks.then(|| codes::e0414::precision(&hardware.name, stage.fields.span_of("precision"), *declared))
}
