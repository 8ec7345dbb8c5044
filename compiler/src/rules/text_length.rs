//! Every part that is read holds at least one sample.

use super::StageView;
use crate::codes;
use crate::eval::Value;
use regimen_base::Diagnostic;
use regimen_base::data::{Certainty, SplitFacts};

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let sequence = stage.count("sequence")?;
    let facts = stage.eval.stage_data_facts(stage.id, stage.span).ok()?;
    let evaluated = stage.block("evaluate").and_then(|e| match &e.known("on")?.value {
        Value::Split(_, part) => Some(part.clone()),
        _ => None,
    });
    let read = |name: &str| name == "train" || evaluated.as_deref() == Some(name);
    let estimated = facts.certainty == Certainty::Estimated;
    let samples = |s: &SplitFacts| stage.eval.samples_of(stage.id, s, sequence.0, stage.span).ok();
    // What is assumed of conversations fits any stage.
    let guessed = |s: &SplitFacts| estimated && !s.lengths.is_empty();
    let short = facts.splits.iter().find(|s| read(&s.name) && !guessed(s) && samples(s) == Some(0))?;
    // A duration in epochs has reported it already.
    stage.numbers?;
    Some(codes::e0505::too_little(short, sequence.0, sequence.1))
}
