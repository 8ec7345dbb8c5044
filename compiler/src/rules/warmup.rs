//! Warmup, and cooldown after it, fit into the run.

use super::StageView;
use crate::codes;
use crate::kinds::schedule::in_steps;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let schedule = stage.block("schedule")?;
    let steps = (stage.steps?, stage.fields.span_of("duration"));
    let length = |name| Some(in_steps(schedule.optional_quantity(name).ok()??, steps.0));
    let warmup = length("warmup").unwrap_or(0);
    if warmup > steps.0 {
        return Some(codes::e0404::warmup((warmup, schedule.span_of("warmup")), steps));
    }
    let cooldown = length("cooldown")?;
    let together = warmup.saturating_add(cooldown);
    // Shares are rounded up, so two of them may exceed the whole by one step.
    let excess = together.saturating_sub(steps.0);
    (excess > 1).then(|| codes::e0404::cooldown(warmup, (cooldown, schedule.span_of("cooldown")), steps))
}
