//! Every declared class has a record to learn it from.

use super::StageView;
use crate::codes;
use regimen_base::Diagnostic;
use regimen_base::data::Certainty;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let facts = stage.eval.stage_data_facts(stage.id, stage.span).ok()?;
    if facts.certainty != Certainty::Measured {
        return None;
    }
    let train = facts.splits.iter().find(|s| s.name == "train")?;
    let classes = &train.records.as_ref()?.classes;
    let empty: Vec<&str> = classes.iter().filter(|(_, n)| *n == 0).map(|(name, _)| name.as_str()).collect();
    let data = stage.fields.object("data").ok()?;
    let declared = stage.eval.fields(data).ok()?;
    let name = stage.eval.object_name(data);
    (!empty.is_empty()).then(|| codes::e0463::empty(&name, &empty, declared.span_of("classes")))
}
