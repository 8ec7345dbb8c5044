//! The first reading of a dataset: which documents there are, and to which split each belongs.

use super::Input;
use super::labels::Labels;
use crate::Outcome;
use crate::cache::key_of;
use crate::codes::e0557;
use crate::progress::Progress;
use crate::split::{Fingerprint, assign};
use rayon::prelude::*;
use regimen_base::Diagnostic;
use regimen_base::data::Format;
use std::collections::BTreeMap;
use std::sync::Arc;

/// More broken records than this are not reported one by one.
pub(super) const MAX_REPORTED: usize = 20;

/// Documents are hashed in groups of about this many bytes.
const GROUP: usize = 4 << 20;

/// The documents of a dataset in the order in which they are read.
#[derive(Debug)]
pub(super) struct Survey {
    /// Length and hash of every document.
    pub documents: Vec<Fingerprint>,
    /// The index of its split for every document.
    pub splits: Vec<u32>,
    /// The class of every document, of a labelled dataset.
    pub labels: Option<Labels>,
}

/// The surveys that were made, so that a tokenizer and a dataset from the same files share one.
#[derive(Debug, Default)]
pub(super) struct Surveys(BTreeMap<String, Arc<Survey>>);

impl Surveys {
    /// The survey of this dataset, made now if it was not made before.
    pub(super) fn of(&mut self, input: &Input, progress: &mut dyn Progress) -> Outcome<Arc<Survey>> {
        let key = key_of(&(super::dataset_definition(input.dataset), &input.contents));
        if let Some(survey) = self.0.get(&key) {
            return Ok(survey.clone());
        }
        let mut seen = Labels::of(&input.source.format);
        let documents = fingerprints(input, &mut seen, progress)?;
        let splits = divided(input, &documents, seen.as_ref())?;
        let labels = seen.map(|seen| seen.numbered(input, &splits)).transpose()?;
        let survey = Arc::new(Survey { documents, splits, labels });
        self.0.insert(key, survey.clone());
        Ok(survey)
    }
}

/// The split of every document.
fn divided(input: &Input, documents: &[Fingerprint], labels: Option<&Labels>) -> Outcome<Vec<u32>> {
    let dataset = input.dataset;
    let assign = |name: &str, documents: &[Fingerprint]| {
        assign(name, &dataset.splits, dataset.key, documents).map_err(|faults| {
            let remedy = e0557::remedy(&input.source.format);
            faults.into_iter().map(|fault| fault.help(remedy)).collect::<Vec<_>>()
        })
    };
    match (&input.source.format, labels) {
        (Format::Labelled { stratified: true, .. }, Some(labels)) => {
            labels.stratified(&dataset.name, documents, assign)
        }
        _ => assign(&dataset.name, documents),
    }
}

fn fingerprints(
    input: &Input,
    labels: &mut Option<Labels>,
    progress: &mut dyn Progress,
) -> Outcome<Vec<Fingerprint>> {
    progress.begin("finding documents", Some(input.bytes()));
    let mut found = Vec::new();
    let mut wrong: Vec<Diagnostic> = Vec::new();
    let mut group: Vec<String> = Vec::new();
    let mut bytes = 0;
    for document in input.documents() {
        match document {
            Ok(document) => {
                bytes += document.text.len();
                if let (Some(labels), Some(label)) = (labels.as_mut(), &document.label) {
                    labels.push(label, (document.file, document.line));
                }
                group.push(document.text);
            }
            Err(fault) => wrong.push(*fault),
        }
        if wrong.len() >= MAX_REPORTED {
            break;
        }
        if bytes >= GROUP {
            found.par_extend(group.par_drain(..).map(|text| Fingerprint::of(&text)));
            progress.advance(bytes as u64);
            bytes = 0;
        }
    }
    found.par_extend(group.par_drain(..).map(|text| Fingerprint::of(&text)));
    progress.advance(bytes as u64);
    progress.finish();
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}
