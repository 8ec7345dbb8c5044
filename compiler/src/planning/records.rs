//! What a plan says of labelled records: their classes, how they fill samples, and the head that is new.

use super::show::{self, count};
use crate::arch::WeightSpec;
use crate::codes;
use crate::experiment::{Stage, Start};
use crate::stages::classify;
use regimen_base::Diagnostic;
use regimen_base::data::{RecordFacts, SplitFacts};

/// More than this share of the samples should not be cut.
const MOST_CUT: f64 = 0.1;

/// The training part of labelled data.
fn train(stage: &Stage) -> Option<(&SplitFacts, &RecordFacts)> {
    let train = stage.data_facts.splits.iter().find(|s| s.name == "train")?;
    Some((train, train.records.as_ref()?))
}

/// Tokens around each text.
fn marks(stage: &Stage) -> u64 {
    classify::marks(stage).around()
}

/// Names, values and where these come from.
pub fn derived(stage: &Stage) -> Vec<(&'static str, String, String)> {
    let Some((train, records)) = train(stage) else { return vec![] };
    let mut list = vec![];
    let epochs = (stage.steps * stage.batch) as f64 / train.documents.max(1) as f64;
    list.push(("epochs", show::number(epochs), format!("{} training records", count(train.documents))));
    let classes = || records.classes.iter().take(8);
    let measured = !records.lengths.is_empty();
    let shares = match measured {
        true => classes().map(|(name, n)| format!("{name} {}", count(*n))).collect::<Vec<_>>(),
        false => classes().map(|(name, _)| name.clone()).collect(),
    };
    let more = if records.classes.len() > 8 { ", …" } else { "" };
    list.push(("classes", count(records.classes.len() as u64), format!("{}{more}", shares.join(", "))));
    if measured {
        let (padding, cut) = records.fit(stage.sequence, marks(stage));
        list.push(("padding", percent(padding), format!("of {} tokens a sample", count(stage.sequence))));
        list.push(("cut samples", percent(cut), "longer than that".to_owned()));
    }
    list.push(head(stage));
    list
}

/// What of the model has not been trained before.
pub fn head(stage: &Stage) -> (&'static str, String, String) {
    let fresh = stage.model.spec.fresh();
    let weights = &stage.model.tensors;
    let parameters: u64 = weights.iter().filter(|w| fresh.contains(&w.name)).map(WeightSpec::elements).sum();
    let parameters = format!("{} parameters", count(parameters));
    let (which, whence) = match (&stage.from, &stage.model.weights) {
        (Some(Start { stage, which, headed: true }), _) => {
            ("continued", format!("{parameters}; all weights are those of `{stage}.{which}`"))
        }
        (Some(Start { stage, which, headed: false }), _) => {
            ("new", format!("{parameters}; the body is that of `{stage}.{which}`"))
        }
        // Only the run looks into the folder.
        (None, Some(folder)) => {
            ("new", format!("{parameters}, unless `{folder}` holds one; the body is that of `{folder}`"))
        }
        (None, None) => ("new", format!("{parameters}, and so is the body")),
    };
    ("head", which.to_owned(), whence)
}

/// A share as people read it.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A warning if many samples are cut.
pub fn notes(stage: &Stage) -> Vec<Diagnostic> {
    let Some((_, records)) = train(stage) else { return vec![] };
    let (_, cut) = records.fit(stage.sequence, marks(stage));
    let warning = (cut > MOST_CUT).then(|| {
        codes::e0453::many_cut(cut, stage.sequence, stage.model.spec.context(), stage.spans.sequence)
    });
    warning.into_iter().collect()
}
