//! Limits that can be checked: cost needs a price; decimal bytes are pointed out.

use super::StageView;
use crate::codes;
use crate::eval::Value;
use regimen_base::Diagnostic;

/// A budget limits something.
pub fn limits(stage: &StageView<'_>) -> Option<Diagnostic> {
    let budget = stage.budget.as_ref()?;
    budget.entries.is_empty().then(|| codes::e0214::no_limits(budget.span))
}

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let budget = stage.budget.as_ref()?;
    let (hardware, declared) = stage.hardware.as_ref()?;
    if let Some(cost) = budget.known("cost")
        && hardware.price.is_none()
    {
        return Some(codes::e0413::no_price(&hardware.name, cost.span, *declared));
    }
    let memory = budget.known("memory")?;
    let Value::Quantity(limit) = &memory.value else { return None };
    let decimal = limit.shown.as_ref().is_some_and(|s| s.unit.starts_with("GB"));
    let device = hardware.memory as f64;
    let close = limit.f64() < device && limit.f64() * 1.08 > device;
    (decimal && close).then(|| codes::e0422::bytes(&limit.to_string(), device, memory.span))
}
