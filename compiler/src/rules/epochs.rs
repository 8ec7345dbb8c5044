//! Many passes over the data, or over a source of a mix, without held-out evaluation are a warning.

use super::StageView;
use crate::codes;
use crate::eval::Value;
use crate::quantity::Dimension;
use regimen_base::Diagnostic;
use regimen_base::data::{Certainty, Dataset};
use regimen_base::mixing;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let numbers = stage.numbers?;
    // Sources of a mix are counted one by one.
    if stage.eval.dataset(stage.fields.object("data").ok()?).is_ok_and(|dataset| dataset.is_mix()) {
        return None;
    }
    // Only measured sizes: an assumption is no reason for a warning.
    let facts = stage.eval.stage_data_facts(stage.id, stage.span).ok()?;
    let span = stage.fields.span_of("duration");
    let declared = stage.fields.quantity("duration").ok()?.dimension == Dimension::EPOCHS;
    if (facts.certainty == Certainty::Estimated && !declared) || stage.block("evaluate").is_some() {
        return None;
    }
    let train = facts.splits.iter().find(|s| s.name == "train")?;
    // That there is no sample at all is another rule's message.
    let samples = stage.eval.samples_of(stage.id, train, numbers.sequence, span).ok()?;
    let epoch = Some(samples).filter(|samples| *samples > 0)?;
    let epochs = numbers.samples()? as f64 / epoch as f64;
    (epochs > 4.0 + 1e-6 + numbers.batch as f64 / epoch as f64)
        .then(|| codes::e0411::epochs(epochs, epoch, span))
}

/// The same of every source of a mix.
pub fn of_sources(stage: &StageView<'_>) -> Vec<Diagnostic> {
    repeated(stage).unwrap_or_default()
}

fn repeated(stage: &StageView<'_>) -> Option<Vec<Diagnostic>> {
    let numbers = stage.numbers?;
    let data = stage.fields.object("data").ok()?;
    let dataset = stage.eval.dataset(data).ok().filter(Dataset::is_mix)?;
    let facts = stage.eval.stage_data_facts(stage.id, stage.span).ok()?;
    if facts.certainty == Certainty::Estimated {
        return None;
    }
    let span = stage.fields.span_of("duration");
    let train = facts.splits.iter().find(|s| s.name == "train")?;
    let available = stage.eval.available(stage.id, train, numbers.sequence, span).ok()?;
    let weights = mixing::weights(&dataset, &available);
    let whole = weights.iter().sum::<u64>().max(1) as f64;
    let evaluated = stage.block("evaluate").and_then(|block| match &block.known("on")?.value {
        Value::Split(part, _) => Some(stage.eval.object_name(*part)),
        _ => None,
    });
    let drawn = numbers.samples()? as f64;
    let found =
        dataset.sources.iter().zip(available.iter().zip(&weights)).filter_map(|(source, (has, weight))| {
            let epochs = drawn * *weight as f64 / whole / has.samples.max(1) as f64;
            let repeated = epochs > 4.0 + 1e-6 + numbers.batch as f64 / has.samples.max(1) as f64;
            let shown = evaluated.as_deref() == Some(source.name.as_str());
            (repeated && !shown).then(|| codes::e0411::of_source(&source.name, epochs, has.samples, span))
        });
    Some(found.collect())
}
