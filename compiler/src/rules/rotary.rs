//! Between the two ends of a slope of rotary positions lies something: else it divides by nothing, or stretches the wrong way.

use super::ModelView;
use crate::codes;
use regimen_base::Diagnostic;

/// The rule.
pub fn slope(model: &ModelView<'_>) -> Option<Diagnostic> {
    let scaling = model.fields.block("rope_scaling").ok().flatten()?;
    let kind = scaling.type_name?;
    let (low, high) = match kind {
        "llama3" => ("low", "high"),
        "yarn" => ("slow", "fast"),
        _ => return None,
    };
    let (least, most) = (scaling.quantity(low).ok()?, scaling.quantity(high).ok()?);
    let place = |field: &str| if scaling.is_set(field) { scaling.span_of(field) } else { scaling.span };
    let shown = (least.to_string(), most.to_string());
    (least.value >= most.value)
        .then(|| codes::e0442::no_slope(kind, (low, &shown.0), (high, &shown.1), (place(low), place(high))))
}
