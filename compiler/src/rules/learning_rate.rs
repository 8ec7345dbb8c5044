//! A learning rate far above what trains is a warning.

use super::StageView;
use crate::codes;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let optimizer = stage.block("optimizer")?;
    let name = optimizer.type_name?;
    let limit = if name == "sgd" { 10.0 } else { 0.1 };
    let lr = optimizer.quantity("lr").ok()?;
    let span = optimizer.span_of("lr");
    let written = stage.eval.program.sources.slice(span);
    (lr.f64() > limit).then(|| codes::e0406::learning_rate(lr, name, limit, written, span))
}
