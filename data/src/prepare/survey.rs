//! The first reading of a dataset: which documents there are, and to which split each belongs.

use super::Input;
use crate::Outcome;
use crate::cache::key_of;
use crate::codes::e0557;
use crate::progress::Progress;
use crate::split::{Fingerprint, assign};
use rayon::prelude::*;
use regimen_base::Diagnostic;
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
        let documents = fingerprints(input, progress)?;
        let dataset = input.dataset;
        let splits = assign(&dataset.name, &dataset.splits, dataset.key, &documents).map_err(|faults| {
            let remedy = e0557::remedy(&input.source.format);
            faults.into_iter().map(|fault| fault.help(remedy)).collect::<Vec<_>>()
        })?;
        let survey = Arc::new(Survey { documents, splits });
        self.0.insert(key, survey.clone());
        Ok(survey)
    }
}

fn fingerprints(input: &Input, progress: &mut dyn Progress) -> Outcome<Vec<Fingerprint>> {
    progress.begin("finding documents", Some(input.bytes()));
    let mut found = Vec::new();
    let mut wrong: Vec<Diagnostic> = Vec::new();
    let mut group: Vec<String> = Vec::new();
    let mut bytes = 0;
    for document in input.documents() {
        match document {
            Ok(document) => {
                bytes += document.text.len();
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
