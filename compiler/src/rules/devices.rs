//! One device: this version carries out no other layout.

use super::StageView;
use crate::codes;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    if let Some(parallel) = stage.block("parallel") {
        for (field, only) in [("data", 1), ("zero", 0)] {
            let found = parallel.u64(field).unwrap_or(only);
            if found != only {
                return Some(codes::e0415::degree(field, found, only, parallel.span_of(field)));
            }
        }
    }
    let (hardware, declared) = stage.hardware.as_ref()?;
    let on = stage.fields.object("on").ok()?;
    let (name, span) = (stage.eval.object_name(on), stage.fields.span_of("on"));
    (hardware.count > 1).then(|| codes::e0415::devices(hardware.count, &name, span, *declared))
}
