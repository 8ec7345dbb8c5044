//! Early stopping watches something that is computed, the right way round, often enough.

use super::StageView;
use crate::codes;
use crate::eval::Fields;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let stop = stage.block("stop")?;
    let metric = stop.word("metric").ok()?;
    let Some(evaluate) = stage.block("evaluate") else {
        let missing = matches!(stage.fields.get("evaluate"), Ok(None));
        return missing.then(|| codes::e0408::nothing_evaluated(metric, stop.span));
    };
    let computed = evaluate.word("metric").ok()?;
    if computed != metric {
        return Some(codes::e0408::other_metric(
            metric,
            computed,
            stop.span_of("metric"),
            evaluate.span_of("metric"),
        ));
    }
    // Metrics that can have a goal are losses.
    if stop.optional_word("goal").ok()? == Some("maximise") {
        return Some(codes::e0417::goal(metric, stop.span_of("goal")));
    }
    patience(stage, stop, evaluate)
}

/// There are more evaluations than the patience: the first one sets the mark.
fn patience(stage: &StageView<'_>, stop: &Fields, evaluate: &Fields) -> Option<Diagnostic> {
    let steps = stage.steps?;
    let every = (evaluate.u64("every").ok()?, evaluate.span_of("every"));
    let patience = (stop.u64("patience").ok()?, stop.span_of("patience"));
    let evaluations = steps.div_ceil(every.0.max(1));
    (evaluations <= patience.0).then(|| codes::e0407::patience(patience, evaluations, every, steps))
}
