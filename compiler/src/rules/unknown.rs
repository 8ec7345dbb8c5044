//! A tokenizer that does not know what the data are written in is a warning.

use super::StageView;
use crate::codes;
use regimen_base::Diagnostic;
use regimen_base::data::Certainty;

/// From one token in so many on: a rare character in held-out text says nothing.
const RARE: u64 = 1_000;

/// The rule: the part with the largest share.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let data = stage.fields.object("data").ok()?;
    let facts = stage.eval.stage_data_facts(stage.id, stage.span).ok()?;
    if facts.certainty != Certainty::Measured {
        return None;
    }
    let share = |split: &&regimen_base::data::SplitFacts| split.unknown as f64 / split.tokens.max(1) as f64;
    let worst = facts.splits.iter().max_by(|a, b| share(a).total_cmp(&share(b)))?;
    let tokenizer = stage.model.as_ref()?.fields.object("tokenizer").ok()?;
    let counts = (worst.unknown, worst.tokens);
    let (data, name) = (stage.eval.object_name(data), stage.eval.object_name(tokenizer));
    let at = stage.fields.span_of("data");
    (counts.0 > 0 && counts.0.saturating_mul(RARE) >= counts.1)
        .then(|| codes::e0509::unknown(&data, &worst.name, counts, &name, at))
}
