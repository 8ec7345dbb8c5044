//! The first reading of a dataset: which documents there are, and to which split each belongs.

use super::Input;
use super::labels::Labels;
use crate::cache::{hex, key_of};
use crate::codes::{counted, e0557, e0564, e0577};
use crate::near::Near;
use crate::progress::Progress;
use crate::read::moment::Moment;
use crate::read::{Document, answers};
use crate::split::{Fingerprint, NO_SPLIT, assign, assign_fold, assign_in_order};
use crate::{Fault, Outcome};
use rayon::prelude::*;
use regimen_base::Diagnostic;
use regimen_base::data::{Division, Format, NearDuplicates, Split};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
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
    /// Which documents are of each source: they follow each other in the order of the mix.
    pub members: Vec<Range<usize>>,
    /// Of each source, a hash of its documents and of their splits.
    pub contents: Vec<String>,
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
        let mut seen = Seen { labels: input.format().and_then(Labels::of), moments: vec![], members: vec![] };
        let disk = |error: io::Error| vec![e0564::cache_not_written(&cache.display().to_string(), &error)];
        // Where nothing is divided, nothing can be on both sides.
        let divides = input.dataset.splits.len() > 1;
        let mut near = match input.dataset.near_duplicates {
            NearDuplicates::Together if divides => Some(Near::new(cache).map_err(disk)?),
            _ => None,
        };
        let mut documents = fingerprints(input, &mut seen, near.as_mut(), progress)?;
        seen.members.resize(input.dataset.sources.len(), documents.len());
        let members = ranges(&seen.members);
        let texts: Vec<String> = match input.dataset.is_mix() {
            true => members.iter().map(|range| hash_of_texts(&documents, range)).collect(),
            false => vec![],
        };
        let united = match near {
            Some(near) => {
                progress.begin("comparing documents", None);
                let united = near.unite(&mut documents).map_err(disk)?;
                progress.finish();
                united
            }
            None => 0,
        };
        let (splits, left_out) =
            divided(input, &documents, &seen, &members).map_err(|faults| match united {
                0 => faults,
                // Told apart, they might have sufficed.
                _ => {
                    faults.into_iter().map(|fault| e0557::because_of_near_duplicates(fault, united)).collect()
                }
            })?;
        let labels = seen.labels.map(|labels| labels.numbered(input, &splits)).transpose()?;
        let with_splits =
            |(texts, range): (String, &Range<usize>)| key_of(&(texts, hash_of_splits(&splits, range)));
        let contents = texts.into_iter().zip(&members).map(with_splits).collect();
        let survey = Arc::new(Survey { documents, splits, left_out, labels, members, contents });
        self.0.insert(key, survey.clone());
        Ok(survey)
    }
}

/// What records hold beside their texts, in the order in which they are read.
struct Seen {
    labels: Option<Labels>,
    /// Empty where documents are not ordered.
    moments: Vec<Moment>,
    /// Of each source that was read to its end, how many documents there are up to there.
    members: Vec<usize>,
}

/// Ranges that end at these numbers.
fn ranges(ends: &[usize]) -> Vec<Range<usize>> {
    let begins = std::iter::once(&0).chain(ends);
    begins.zip(ends).map(|(begin, end)| *begin..*end).collect()
}

/// Hash of the texts of some documents.
fn hash_of_texts(documents: &[Fingerprint], range: &Range<usize>) -> String {
    let mut hash = Sha256::new();
    for document in documents.get(range.clone()).unwrap_or(&[]) {
        hash.update(document.hash);
    }
    hex(hash.finalize().as_slice())
}

/// Hash of their splits.
fn hash_of_splits(splits: &[u32], range: &Range<usize>) -> String {
    let mut hash = Sha256::new();
    for split in splits.get(range.clone()).unwrap_or(&[]) {
        hash.update(split.to_le_bytes());
    }
    hex(hash.finalize().as_slice())
}

/// The split of every document, and how many are left out of each.
fn divided(
    input: &Input,
    documents: &[Fingerprint],
    seen: &Seen,
    members: &[Range<usize>],
) -> Outcome<(Vec<u32>, Vec<u64>)> {
    let dataset = input.dataset;
    let remedied = |faults: Vec<Diagnostic>| {
        let remedy = input.format().map_or("add documents that differ", e0557::remedy);
        faults.into_iter().map(|fault| fault.help(remedy)).collect::<Vec<_>>()
    };
    if dataset.ordered_by.is_some() {
        return assign_in_order(&dataset.name, &dataset.splits, documents, &seen.moments);
    }
    let assign = |name: &str, division: &Division, documents: &[Fingerprint]| {
        let splits = &division.splits;
        match division.fold {
            Some(fold) => assign_fold(name, splits, fold, dataset.key, documents),
            None => assign(name, splits, dataset.key, documents),
        }
        .map_err(remedied)
    };
    let divisions: Vec<Division> = dataset.sources.iter().map(|source| dataset.division(source)).collect();
    let splits = match (divisions.as_slice(), &seen.labels, input.format()) {
        ([division], Some(labels), Some(Format::Labelled { stratified: true, .. })) => {
            stratified(documents, &labels.numbers, labels.classes.len(), |class, own| {
                let class = labels.classes.get(class).map_or("", String::as_str);
                assign(&format!("{}, class {class}", dataset.name), division, own)
            })
        }
        ([division], ..) => assign(&dataset.name, division, documents),
        (divisions, ..) => {
            // Every source is divided by itself, so that none is missing in a part.
            let numbers =
                members.iter().zip(0u32..).flat_map(|(range, member)| range.clone().map(move |_| member));
            stratified(documents, &numbers.collect::<Vec<u32>>(), divisions.len(), |member, own| {
                let (Some(source), Some(division)) = (dataset.sources.get(member), divisions.get(member))
                else {
                    return Ok(vec![]);
                };
                let place = |split: &Split| dataset.splits.iter().position(|s| s.name == split.name);
                let places: Vec<u32> =
                    division.splits.iter().map(|s| place(s).map_or(NO_SPLIT, |p| p as u32)).collect();
                let found = assign(&source.name, division, own)?;
                Ok(found
                    .iter()
                    .map(|split| places.get(*split as usize).copied().unwrap_or(NO_SPLIT))
                    .collect())
            })
        }
    };
    Ok((splits?, vec![0; dataset.splits.len()]))
}

/// Divides the documents of each stratum by themselves. Equal texts stay together, with the stratum of the first of them.
fn stratified(
    documents: &[Fingerprint],
    numbers: &[u32],
    strata: usize,
    assign: impl Fn(usize, &[Fingerprint]) -> Outcome<Vec<u32>>,
) -> Outcome<Vec<u32>> {
    let mut of_text: BTreeMap<[u8; 16], u32> = BTreeMap::new();
    let mut members: Vec<Vec<usize>> = vec![vec![]; strata];
    for (index, (document, number)) in documents.iter().zip(numbers).enumerate() {
        let stratum = *of_text.entry(document.hash).or_insert(*number);
        if let Some(stratum) = members.get_mut(stratum as usize) {
            stratum.push(index);
        }
    }
    let mut splits = vec![0; documents.len()];
    for (stratum, members) in members.iter().enumerate().filter(|(_, members)| !members.is_empty()) {
        let own: Vec<Fingerprint> = members.iter().filter_map(|i| documents.get(*i).copied()).collect();
        for (index, split) in members.iter().zip(assign(stratum, &own)?) {
            if let Some(slot) = splits.get_mut(*index) {
                *slot = split;
            }
        }
    }
    Ok(splits)
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
                seen.reach(input.member_of(document.file), found.len() + group.len());
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
    let Some(format) = input.format() else { return Ok(()) };
    let Some(near) = near else {
        found.par_extend(group.par_drain(..).map(|text| fingerprint(format, &text)));
        return Ok(());
    };
    let signer = &*near;
    let signed: Vec<_> =
        group.par_drain(..).map(|text| (fingerprint(format, &text), signer.sign(format, &text))).collect();
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
    /// Notes that the next document, after so many, is of this source.
    fn reach(&mut self, member: usize, documents: usize) {
        if self.members.len() < member {
            self.members.resize(member, documents);
        }
    }

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
