//! An evaluation reads a part of the stage's data, or of a source of it, that is not trained on.

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
    let dataset = stage.eval.dataset(own).ok()?;
    let evaluated = stage.eval.object_name(*data);
    // Of a mix, a part of one of its sources; a mix of one source is that source.
    let is_source = dataset.sources.iter().any(|source| source.name == evaluated);
    let others = dataset.splits;
    let held_out = others.iter().find(|s| s.name != "train").map(|s| format!("{name}.{}", s.name));
    if *data != own && !is_source {
        let shown = format!("{evaluated}.{part}");
        return Some(codes::e0432::other_data(&shown, &name, held_out.as_deref(), checked.span));
    }
    let trained =
        || codes::e0409::trained_part(&format!("{evaluated}.{part}"), held_out.as_deref(), checked.span);
    (part == "train").then(trained)
}
