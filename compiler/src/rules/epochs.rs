//! Many passes over the data without held-out evaluation are a warning.

use super::StageView;
use crate::codes;
use crate::quantity::Dimension;
use regimen_base::Diagnostic;
use regimen_base::data::Certainty;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let numbers = stage.numbers?;
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
