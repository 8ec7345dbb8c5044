//! An evaluation reads a part of the stage's data, or of a source of it, that is not trained on.

use super::StageView;
use crate::codes;
use crate::eval::Value;
use regimen_base::Diagnostic;
use regimen_base::data::Certainty;

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

/// There are as many samples as are to be read.
pub fn samples(stage: &StageView<'_>) -> Option<Diagnostic> {
    let evaluate = stage.block("evaluate")?;
    let asked = evaluate.optional_quantity("samples").ok()??.u64()?;
    let Value::Split(data, part) = &evaluate.known("on")?.value else { return None };
    let facts = stage.eval.stage_data_facts(stage.id, stage.span).ok()?;
    if facts.certainty != Certainty::Measured {
        return None;
    }
    let split = facts.splits.iter().find(|s| s.name == *part)?;
    let available = stage.eval.samples_of(stage.id, split, stage.numbers?.sequence, stage.span).ok()?;
    let name = format!("{}.{part}", stage.eval.object_name(*data));
    // That there is none at all is another rule's message.
    let fewer = available > 0 && available < asked;
    fewer.then(|| codes::e0464::fewer(&name, asked, available, evaluate.span_of("samples")))
}
