//! A classifier that is learned from two samples of documents, as GPT-3's and fastText's quality filters are: hashed n-grams of words and
//! logistic regression.
//!
//! [`Classifier::of`] trains one, or takes it from the cache, where it lies under the content of the samples. Documents of some files are
//! held out of the training, and what the classifier reaches on them is said: the area under the ROC curve.

mod auc;
mod model;
mod samples;

use super::Cleaned;
use super::subject::{Judge, Scratch, Subject, Verdict};
use crate::cache::entry::{Entry, Found, write_file};
use crate::cache::key_of;
use crate::codes::{e0564, e0571, e0596};
use crate::progress::NoProgress;
use crate::{Outcome, Place};
use model::Model;
use regimen_base::cleaning::{self, Side};
use regimen_base::data::Dataset;
use samples::Sample;
use serde::{Deserialize, Serialize};
use std::io;

/// Version of everything here that decides what a classifier is: part of its key.
const VERSION: u32 = 1;

/// Fewest different documents of each side.
const FEWEST: usize = 20;

/// The weights in an entry.
const WEIGHTS: &str = "weights";

/// What is known of a classifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// Different documents that it was trained on, positive and negative ones.
    pub trained_on: [u64; 2],
    /// Different documents that were held out.
    pub held_out: [u64; 2],
    /// Whether held-out documents are from files that it saw nothing of.
    pub other_files: bool,
    /// Area under the ROC curve on the held-out documents: how often a positive one is scored above a negative one.
    pub auc: f64,
    /// Its standard error (Hanley, McNeil, 1982).
    pub standard_error: f64,
}

/// A classifier as a step.
pub(super) struct Classifier {
    model: Model,
    trained: Trained,
    threshold: f64,
    keep: Side,
}

/// Scores in tenths, for the report.
const TENTHS: [&str; 10] = [
    "scores below 0.1",
    "scores from 0.1",
    "scores from 0.2",
    "scores from 0.3",
    "scores from 0.4",
    "scores from 0.5",
    "scores from 0.6",
    "scores from 0.7",
    "scores from 0.8",
    "scores from 0.9",
];

impl Classifier {
    /// The classifier that a step asks for.
    ///
    /// # Errors
    /// What is wrong with the samples, too few documents, or the cache.
    pub(super) fn of(place: &Place, asked: &cleaning::Classifier) -> Outcome<Classifier> {
        let sides = [sample_of(place, &asked.positive)?, sample_of(place, &asked.negative)?];
        let keys: Vec<&str> = sides.iter().flatten().map(|cleaned| cleaned.key.as_str()).collect();
        let entry =
            Entry::new(&place.cache, "classifiers", &key_of(&(VERSION, keys, asked.ngram, asked.seed)));
        let disk =
            |error: &io::Error| vec![e0564::cache_not_written(&entry.folder().display().to_string(), error)];
        let lock = entry.lock().map_err(|error| disk(&error))?;
        let (model, trained) = match known(&entry) {
            Some(known) => known,
            None => {
                let (model, trained) = train(asked, &sides)?;
                let about = trained.clone();
                let bytes = model.to_bytes();
                let written = entry.write(&lock, move |folder| -> io::Result<Trained> {
                    write_file(&folder.join(WEIGHTS), &bytes)?;
                    Ok(about)
                });
                written.map_err(|error| disk(&error))?;
                (model, trained)
            }
        };
        Ok(Classifier { model, trained, threshold: asked.threshold, keep: asked.keep })
    }
}

/// One that was trained before.
fn known(entry: &Entry) -> Option<(Model, Trained)> {
    let Found::Whole(trained) = entry.look::<Trained>() else { return None };
    entry.verify().ok()?;
    let bytes = std::fs::read(entry.file(WEIGHTS)).ok()?;
    Some((Model::from_bytes(&bytes)?, trained))
}

/// The documents of one side, cleaned as their declarations say.
fn sample_of(place: &Place, datasets: &[Dataset]) -> Outcome<Vec<Cleaned>> {
    datasets.iter().map(|dataset| super::clean(place, dataset, &mut NoProgress)).collect()
}

fn train(asked: &cleaning::Classifier, sides: &[Vec<Cleaned>; 2]) -> Outcome<(Model, Trained)> {
    let mut samples = vec![];
    for (cleaned, datasets) in sides.iter().zip([&asked.positive, &asked.negative]) {
        let sample = Sample::read(cleaned, asked).map_err(|fault| vec![*fault])?;
        if sample.len() < FEWEST {
            let names: Vec<&str> = datasets.iter().map(|d| d.name.as_str()).collect();
            return Err(vec![e0596::too_few(&names.join("`, `"), sample.len(), FEWEST)]);
        }
        samples.push(sample);
    }
    let [positive, negative] = samples.try_into().map_err(|_| {
        vec![e0571::bad_token_file("the samples of a classifier", "there are not two of them")]
    })?;
    // Held out by files on both sides, or not at all: otherwise a file would give its side away.
    let other_files = positive.by_files() && negative.by_files();
    let [(for_training, held_positive), (others, held_negative)] =
        [positive, negative].map(|sample| sample.divided(other_files));
    let model = Model::train(&for_training, &others, asked);
    let score = |documents: &[Vec<u32>]| documents.iter().map(|d| model.score(d)).collect::<Vec<f64>>();
    let (auc, standard_error) = auc::auc(&score(&held_positive), &score(&held_negative));
    let count = |documents: &[Vec<u32>]| documents.len() as u64;
    let trained = Trained {
        trained_on: [count(&for_training), count(&others)],
        held_out: [count(&held_positive), count(&held_negative)],
        other_files,
        auc,
        standard_error,
    };
    Ok((model, trained))
}

impl Judge for Classifier {
    fn judge(&self, subject: &mut Subject, _: &mut Scratch) -> Verdict {
        let features = model::features(&subject.words(), self.model.ngram());
        let score = self.model.score(&features);
        let tenth = ((score * 10.0) as usize).min(TENTHS.len() - 1);
        subject.notes.extend(TENTHS.get(tenth).map(|tenth| (*tenth, 1)));
        let like = score >= self.threshold;
        match (self.keep, like) {
            (Side::Positive, false) => Verdict::Drop {
                rule: "not like the positive sample",
                detail: format!("{score:.3}, at least {}", self.threshold),
            },
            (Side::Negative, true) => Verdict::Drop {
                rule: "like the positive sample",
                detail: format!("{score:.3}, below {}", self.threshold),
            },
            _ => Verdict::Keep,
        }
    }

    fn trained(&self) -> Option<Trained> {
        Some(self.trained.clone())
    }
}
