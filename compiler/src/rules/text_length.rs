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
    let data = stage.fields.object("data").ok()?;
    let dataset = stage.eval.dataset(data).ok()?;
    let evaluated = stage.block("evaluate").and_then(|e| match &e.known("on")?.value {
        Value::Split(of, part) => Some((part.clone(), (*of != data).then(|| stage.eval.object_name(*of)))),
        _ => None,
    });
    let estimated = facts.certainty == Certainty::Estimated;
    let samples = |s: &SplitFacts| stage.eval.samples_of(stage.id, s, sequence.0, stage.span).ok();
    // What is assumed of conversations fits any stage.
    let short = |s: &&SplitFacts| !(estimated && s.is_of_conversations()) && samples(s) == Some(0);
    let weighs = |s: &&SplitFacts| {
        dataset.sources.iter().any(|source| source.name == s.name && source.share.numerator > 0)
    };
    let one = |split: &'_ SplitFacts| match (&evaluated, split.name.as_str()) {
        // Of a mix, every source that is drawn from gives samples.
        (_, "train") if !split.members.is_empty() => split.members.iter().filter(weighs).find(short).cloned(),
        (_, "train") => Some(split).filter(short).cloned(),
        (Some((part, Some(source))), name) if part == name && !split.members.is_empty() => {
            split.members.iter().filter(|member| member.name == *source).find(short).cloned()
        }
        (Some((part, _)), name) if part == name => Some(split).filter(short).cloned(),
        _ => None,
    };
    let short = &facts.splits.iter().find_map(one)?;
    // A duration in epochs has reported it already.
    stage.numbers?;
    Some(codes::e0505::too_little(short, sequence.0, sequence.1))
}
