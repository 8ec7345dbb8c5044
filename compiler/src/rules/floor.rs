//! The floor of a schedule is not above its peak.

use super::StageView;
use crate::codes;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let schedule = stage.block("schedule")?;
    let floor = schedule.optional_quantity("floor").ok()??;
    (floor.f64() > 1.0).then(|| codes::e0405::floor(floor, schedule.span_of("floor")))
}
