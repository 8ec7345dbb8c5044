//! An evaluation reads a part of the stage's data that is not trained on.

use super::StageView;
use crate::codes;
use crate::eval::Value;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let evaluate = stage.block("evaluate")?;
    let checked = evaluate.known("on")?;
    let Value::Split(data, part) = &checked.value else { return None };
    let own = stage.fields.object("data").ok()?;
    let name = stage.eval.object_name(own);
    let others = stage.eval.dataset(own).ok()?.splits;
    let held_out = others.iter().find(|s| s.name != "train").map(|s| format!("{name}.{}", s.name));
    if *data != own {
        let shown = format!("{}.{part}", stage.eval.object_name(*data));
        return Some(codes::e0432::other_data(&shown, &name, held_out.as_deref(), checked.span));
    }
    let trained = || codes::e0409::trained_part(&format!("{name}.{part}"), held_out.as_deref(), checked.span);
    (part == "train").then(trained)
}
