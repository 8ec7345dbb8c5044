//! The first reading of a dataset: which documents there are, and to which split each belongs.

use super::Input;
use super::labels::Labels;
use crate::cache::key_of;
use crate::codes::{counted, e0557, e0564, e0577};
use crate::near::Near;
use crate::progress::Progress;
use crate::read::moment::Moment;
use crate::read::{Document, answers};
use crate::split::{Fingerprint, assign, assign_fold, assign_in_order};
use crate::{Fault, Outcome};
use rayon::prelude::*;
use regimen_base::Diagnostic;
use regimen_base::data::{Format, NearDuplicates};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
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
    /// The index of its split for every document, or [`NO_SPLIT`].
    pub splits: Vec<u32>,
    /// Of each split, how many documents lie in its time and are left out.
    pub left_out: Vec<u64>,
    /// The class of every document, of a labelled dataset.
    pub labels: Option<Labels>,
}

/// The surveys that were made, so that a tokenizer and a dataset from the same files share one.
#[derive(Debug, Default)]
pub(super) struct Surveys(BTreeMap<String, Arc<Survey>>);

impl Surveys {
    /// The survey of this dataset, made now if it was not made before.
    pub(super) fn of(
        &mut self,
        input: &Input,
        cache: &Path,
        progress: &mut dyn Progress,
    ) -> Outcome<Arc<Survey>> {
        let key = key_of(&(super::dataset_definition(input.dataset), &input.contents));
        if let Some(survey) = self.0.get(&key) {
            return Ok(survey.clone());
        }
        let mut seen = Seen { labels: Labels::of(&input.source.format), moments: vec![] };
        let disk = |error: io::Error| vec![e0564::cache_not_written(&cache.display().to_string(), &error)];
        // Where nothing is divided, nothing can be on both sides.
        let divides = input.dataset.splits.len() > 1;
        let mut near = match input.dataset.near_duplicates {
            NearDuplicates::Together if divides => Some(Near::new(cache).map_err(disk)?),
            _ => None,
        };
        let mut documents = fingerprints(input, &mut seen, near.as_mut(), progress)?;
        let united = match near {
            Some(near) => {
                progress.begin("comparing documents", None);
                let united = near.unite(&mut documents).map_err(disk)?;
                progress.finish();
                united
            }
            None => 0,
        };
        let (splits, left_out) = divided(input, &documents, &seen).map_err(|faults| match united {
            0 => faults,
            // Told apart, they might have sufficed.
            _ => faults.into_iter().map(|fault| e0557::because_of_near_duplicates(fault, united)).collect(),
        })?;
        let labels = seen.labels.map(|labels| labels.numbered(input, &splits)).transpose()?;
        let survey = Arc::new(Survey { documents, splits, left_out, labels });
        self.0.insert(key, survey.clone());
        Ok(survey)
    }
}

/// What records hold beside their texts, in the order in which they are read.
struct Seen {
    labels: Option<Labels>,
    /// Empty where documents are not ordered.
    moments: Vec<Moment>,
}

/// The split of every document, and how many are left out of each.
fn divided(input: &Input, documents: &[Fingerprint], seen: &Seen) -> Outcome<(Vec<u32>, Vec<u64>)> {
    let dataset = input.dataset;
    let remedied = |faults: Vec<Diagnostic>| {
        let remedy = e0557::remedy(&input.source.format);
        faults.into_iter().map(|fault| fault.help(remedy)).collect::<Vec<_>>()
    };
    if dataset.ordered_by.is_some() {
        return assign_in_order(&dataset.name, &dataset.splits, documents, &seen.moments);
    }
    let assign = |name: &str, documents: &[Fingerprint]| {
        let splits = &dataset.splits;
        match dataset.fold {
            Some(fold) => assign_fold(name, splits, fold, dataset.key, documents),
            None => assign(name, splits, dataset.key, documents),
        }
        .map_err(remedied)
    };
    let splits = match (&input.source.format, &seen.labels) {
        (Format::Labelled { stratified: true, .. }, Some(labels)) => {
            labels.stratified(&dataset.name, documents, assign)
        }
        _ => assign(&dataset.name, documents),
    };
    Ok((splits?, vec![0; dataset.splits.len()]))
}

fn fingerprints(
    input: &Input,
    seen: &mut Seen,
    mut near: Option<&mut Near>,
    progress: &mut dyn Progress,
) -> Outcome<Vec<Fingerprint>> {
    progress.begin("finding documents", Some(input.bytes()));
    let mut found = Vec::new();
    let mut wrong: Vec<Diagnostic> = Vec::new();
    let mut group: Vec<String> = Vec::new();
    let mut bytes = 0;
    for document in input.ordered_documents()? {
        match document {
            Ok(document) => {
                bytes += document.text.len();
                if let Err(mixed) = seen.push(input, &document) {
                    wrong.push(*mixed);
                }
                group.push(document.text);
            }
            Err(fault) => wrong.push(*fault),
        }
        if wrong.len() >= MAX_REPORTED {
            break;
        }
        if bytes >= GROUP {
            flush(input, &mut group, &mut found, near.as_deref_mut())?;
            progress.advance(bytes as u64);
            bytes = 0;
        }
    }
    flush(input, &mut group, &mut found, near)?;
    progress.advance(bytes as u64);
    progress.finish();
    let stopped = wrong.len() >= MAX_REPORTED;
    if wrong.is_empty() { Ok(found) } else { Err(counted(wrong, stopped)) }
}

/// Fingerprints and signatures of a group of texts, made on all cores and kept in their order.
fn flush(
    input: &Input,
    group: &mut Vec<String>,
    found: &mut Vec<Fingerprint>,
    near: Option<&mut Near>,
) -> Outcome<()> {
    let Some(near) = near else {
        found.par_extend(group.par_drain(..).map(|text| fingerprint(&input.source.format, &text)));
        return Ok(());
    };
    let signer = &*near;
    let signed: Vec<_> = group
        .par_drain(..)
        .map(|text| (fingerprint(&input.source.format, &text), signer.sign(&input.source.format, &text)))
        .collect();
    for (fingerprint, signature) in signed {
        found.push(fingerprint);
        near.push(signature)
            .map_err(|error| vec![e0564::cache_not_written("the signatures of documents", &error)])?;
    }
    Ok(())
}

/// What splits go by: of prompts with answers the prompt, so that no prompt is on both sides.
fn fingerprint(format: &Format, text: &str) -> Fingerprint {
    match format.answers().and_then(|_| answers::read_back(text)) {
        Some(judged) => Fingerprint { bytes: text.len() as u64, ..Fingerprint::of(&judged.asked()) },
        None => Fingerprint::of(text),
    }
}

impl Seen {
    /// Adds the next document; an error if it has a date where others have numbers, or the other way round.
    fn push(&mut self, input: &Input, document: &Document) -> Result<(), Fault> {
        if let (Some(labels), Some(label)) = (self.labels.as_mut(), &document.label) {
            labels.push(label, (document.file, document.line));
        }
        let (Some(field), Some(moment)) = (&input.dataset.ordered_by, document.when) else { return Ok(()) };
        let mixed = self.moments.first().is_some_and(|first| first.is_date() != moment.is_date());
        self.moments.push(moment);
        match mixed {
            true => {
                Err(Box::new(e0577::mixed(input.file(document.file), document.line, field, moment.is_date())))
            }
            false => Ok(()),
        }
    }
}
