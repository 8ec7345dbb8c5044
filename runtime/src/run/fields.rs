//! What differs between two plans, in the words of the experiment: one changed field changes many places of a plan.

use super::codes::Difference;
use std::collections::BTreeSet;

/// Whether both values are those of the field itself, and so worth showing.
enum Shown {
    Values,
    Nothing,
}
use Shown::{Nothing, Values};

/// Ends of places in a plan, the fields that they follow from, and how they are told.
const ENDS: &[(&str, &str, Shown)] = &[
    ("learning_rate.peak", "optimizer.lr", Values),
    ("learning_rate.warmup", "schedule.warmup", Values),
    ("learning_rate.cooldown", "schedule.cooldown", Values),
    ("learning_rate.decay", "schedule", Values),
    ("learning_rate.steps", "duration", Values),
    ("].sequence", "sequence", Values),
    ("].micro_batch", "micro_batch", Values),
    (".every", "evaluate.every", Values),
    ("watch.metric", "stop.metric", Values),
    ("watch.patience", "stop.patience", Values),
    ("watch.min_delta", "stop.min_delta", Values),
    ("rows.packing", "packing", Values),
    ("].shuffle", "experiment.seed", Nothing),
    ("attrs.key", "experiment.seed", Nothing),
    ("attrs.beta1", "optimizer.betas", Nothing),
    ("attrs.beta2", "optimizer.betas", Nothing),
    ("attrs.weight_decay", "optimizer.weight_decay", Values),
    ("attrs.clip", "optimizer.clip", Values),
    ("attrs.momentum", "optimizer.momentum", Values),
    ("attrs.rate", "model.dropout", Values),
    ("attrs.std", "model.init_std", Nothing),
    ("target.threads", "threads of the hardware", Values),
    ("target.reproducible", "reproducible", Values),
];

/// Beginnings of places, likewise.
const BEGINNINGS: &[(&str, &str, Shown)] = &[
    ("model.context", "model.context", Values),
    ("model.vocab", "model.vocab", Values),
    ("model.architecture", "the type of the model", Values),
    ("model.parameters", "the parameters of the model", Values),
    ("tokenizer.", "tokenizer", Nothing),
    ("datasets[", "data", Nothing),
    ("target.", "hardware", Nothing),
];

/// The field that a place follows from, if it is known.
fn field_of(place: &str) -> Option<(&'static str, &'static Shown)> {
    // Exact names first: what ends alike is another field.
    let exact = match place {
        "feeds[train].batch" => Some(("batch", &Values)),
        "feeds[validation].batch" => Some(("evaluate.samples", &Values)),
        "schedule[repeat].times" => Some(("duration", &Values)),
        _ => None,
    };
    let end = || ENDS.iter().find(|(end, ..)| place.ends_with(end));
    let beginning = || BEGINNINGS.iter().find(|(beginning, ..)| place.starts_with(beginning));
    let decoded = place.starts_with("programs.update") && place.ends_with("attrs.eps");
    exact
        .or(decoded.then_some(("optimizer.eps", &Values)))
        .or_else(|| end().or_else(beginning).map(|(_, field, shown)| (*field, shown)))
}

/// Each difference once, by its field where that is known and by its place in the plan elsewhere; known ones first.
pub fn in_words(differences: &[Difference]) -> Vec<Difference> {
    let mut seen = BTreeSet::new();
    let (mut known, mut other) = (vec![], vec![]);
    for difference in differences {
        match field_of(&difference.field) {
            None => other.push(difference.clone()),
            Some((field, shown)) => {
                if seen.insert(field) {
                    let (before, now) = match shown {
                        Values => (difference.before.clone(), difference.now.clone()),
                        Nothing => (String::new(), String::new()),
                    };
                    known.push(Difference { field: field.to_owned(), before, now });
                }
            }
        }
    }
    // The floor of a schedule is a share of the peak: it tells something of its own only where the peak is the same.
    other.retain(|d| !(d.field.ends_with("learning_rate.floor") && seen.contains("optimizer.lr")));
    known.extend(other);
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(places: &[&str]) -> Vec<String> {
        let one = |place: &&str| Difference { field: (*place).into(), before: "1".into(), now: "2".into() };
        let all: Vec<Difference> = places.iter().map(one).collect();
        in_words(&all).into_iter().map(|d| format!("{} {}", d.field, d.now).trim().to_owned()).collect()
    }

    #[test]
    fn places_of_one_field_are_told_once_and_first() {
        let places = [
            "programs.decode.instructions[0].attrs.other",
            "programs.initialise.instructions[0].attrs.key",
            "programs.initialise.instructions[1].attrs.key",
            "feeds[train].shuffle",
            "feeds[train].batch",
            "programs.update.instructions[3].attrs.eps",
            "programs.micro_step.instructions[3].attrs.eps",
            "schedule[repeat].body[learning_rate].value.learning_rate.floor",
            "schedule[repeat].body[learning_rate].value.learning_rate.peak",
        ];
        let expected = [
            "experiment.seed",
            "batch 2",
            "optimizer.eps 2",
            "optimizer.lr 2",
            "programs.decode.instructions[0].attrs.other 2",
            "programs.micro_step.instructions[3].attrs.eps 2",
        ];
        assert_eq!(words(&places), expected);
    }
}
