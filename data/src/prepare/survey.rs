//! The first reading of a dataset: which documents there are, and to which split each belongs.

use super::Input;
use super::labels::Labels;
use crate::cache::{hex, key_of};
use crate::codes::{counted, e0557, e0564, e0577};
use crate::near::Near;
use crate::progress::Progress;
use crate::read::moment::Moment;
use crate::read::{Document, answers};
use crate::split::{Cuts, Fingerprint, NO_SPLIT, Stratum, assign_in_order, cut};
use crate::spool::{Spool, SpoolWriter};
use crate::{Fault, Outcome};
use rayon::prelude::*;
use regimen_base::Diagnostic;
use regimen_base::data::{Division, Format, NearDuplicates, Source, Split};
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

/// The documents of a dataset in the order in which they are read. What is known of each lies on disk.
#[derive(Debug)]
pub(super) struct Survey {
    documents: Spool<Fingerprint>,
    /// The hashes of documents that have near-duplicates: those of others.
    united: BTreeMap<u64, [u8; 16]>,
    assignment: Assignment,
    /// Of each split, how many documents lie in its time and are left out.
    pub left_out: Vec<u64>,
    /// The class of every document, of a labelled dataset.
    pub labels: Option<Labels>,
    /// Which documents are of each source: they follow each other in the order of the mix.
    pub members: Vec<Range<u64>>,
    /// Of each source of a mix, a hash of its documents and of their splits.
    pub contents: Vec<String>,
    /// Bytes of each source in each split.
    pub bytes: Vec<Vec<u64>>,
}

/// To which split each document belongs.
#[derive(Debug)]
enum Assignment {
    /// As its hash lies between cuts; of each source, the numbers that its splits have in the dataset.
    Cut(Cuts, Vec<Vec<u32>>),
    /// One by one.
    Listed(Vec<u32>),
}

/// What is known of a document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    /// Its hash, or that of the near-duplicate that stands for it.
    pub hash: [u8; 16],
    /// Bytes of its text.
    pub bytes: u64,
    /// The number of its split, or [`NO_SPLIT`].
    pub split: u32,
}

impl Survey {
    /// What is known of some documents, in their order.
    pub(super) fn documents(&self, range: Range<u64>) -> impl Iterator<Item = io::Result<Found>> + Send + '_ {
        let numbers = range.start..;
        numbers.zip(self.documents.range(range)).map(|(number, document)| {
            let document = united(&self.united, number, document?);
            let split = match &self.assignment {
                Assignment::Listed(splits) => splits.get(number as usize).copied().unwrap_or(NO_SPLIT),
                Assignment::Cut(cuts, places) => {
                    let member = self.members.partition_point(|range| range.end <= number) as u32;
                    let (member, split) = cuts.split(&document.hash, member);
                    let place = places.get(member as usize).and_then(|places| places.get(split as usize));
                    place.copied().unwrap_or(NO_SPLIT)
                }
            };
            Ok(Found { hash: document.hash, bytes: document.bytes, split })
        })
    }

    /// All documents.
    pub(super) fn all(&self) -> impl Iterator<Item = io::Result<Found>> + Send + '_ {
        self.documents(0..self.documents.records())
    }
}

/// A document under the hash that stands for it.
fn united(united: &BTreeMap<u64, [u8; 16]>, number: u64, document: Fingerprint) -> Fingerprint {
    Fingerprint { hash: united.get(&number).copied().unwrap_or(document.hash), ..document }
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
        let documents = fingerprints(input, cache, &mut seen, near.as_mut(), progress)?;
        seen.members.resize(input.dataset.sources.len(), documents.records());
        let members = ranges(&seen.members);
        let texts = match input.dataset.is_mix() {
            true => members.iter().map(|range| hash_of_texts(&documents, range)).collect::<io::Result<_>>(),
            false => Ok(vec![]),
        };
        let texts: Vec<String> = texts.map_err(disk)?;
        let united = match near {
            Some(near) => {
                progress.begin("comparing documents", None);
                let united = near.unite(&documents).map_err(disk)?;
                progress.finish();
                united
            }
            None => BTreeMap::new(),
        };
        let view = View { documents: &documents, united: &united, members: &members };
        let (assignment, left_out) =
            divided(input, view, &seen, cache).map_err(|faults| match united.len() {
                0 => faults,
                // Told apart, they might have sufficed.
                count => {
                    let count = count as u64;
                    faults.into_iter().map(|fault| e0557::because_of_near_duplicates(fault, count)).collect()
                }
            })?;
        let labels = match (seen.labels, &assignment) {
            (Some(labels), Assignment::Listed(splits)) => Some(labels.numbered(input, splits)?),
            _ => None,
        };
        let (contents, bytes) = (vec![], vec![]);
        let mut survey = Survey { documents, united, assignment, left_out, labels, members, contents, bytes };
        let splits = input.dataset.splits.len();
        for (place, range) in survey.members.clone().into_iter().enumerate() {
            let (hash, bytes) = summed(&survey, range, splits).map_err(disk)?;
            survey.contents.extend(texts.get(place).map(|texts| key_of(&(texts, hash))));
            survey.bytes.push(bytes);
        }
        let survey = Arc::new(survey);
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
    members: Vec<u64>,
}

/// Ranges that end at these numbers.
fn ranges(ends: &[u64]) -> Vec<Range<u64>> {
    let begins = std::iter::once(&0).chain(ends);
    begins.zip(ends).map(|(begin, end)| *begin..*end).collect()
}

/// Hash of the texts of some documents.
fn hash_of_texts(documents: &Spool<Fingerprint>, range: &Range<u64>) -> io::Result<String> {
    let mut hash = Sha256::new();
    for document in documents.range(range.clone()) {
        hash.update(document?.hash);
    }
    Ok(hex(hash.finalize().as_slice()))
}

/// Hash of the splits of some documents, and how many bytes each split has of them.
fn summed(survey: &Survey, range: Range<u64>, splits: usize) -> io::Result<(String, Vec<u64>)> {
    let (mut hash, mut bytes) = (Sha256::new(), vec![0; splits]);
    for found in survey.documents(range) {
        let found = found?;
        hash.update(found.split.to_le_bytes());
        if let Some(sum) = bytes.get_mut(found.split as usize) {
            *sum += found.bytes;
        }
    }
    Ok((hex(hash.finalize().as_slice()), bytes))
}

/// The documents before they are divided.
#[derive(Clone, Copy)]
struct View<'a> {
    documents: &'a Spool<Fingerprint>,
    united: &'a BTreeMap<u64, [u8; 16]>,
    members: &'a [Range<u64>],
}

impl<'a> View<'a> {
    fn iter(self) -> impl Iterator<Item = io::Result<Fingerprint>> + 'a {
        (0..)
            .zip(self.documents.iter())
            .map(move |(number, document)| Ok(united(self.united, number, document?)))
    }
}

/// The split of every document, and how many are left out of each.
fn divided(input: &Input, view: View<'_>, seen: &Seen, cache: &Path) -> Outcome<(Assignment, Vec<u64>)> {
    let dataset = input.dataset;
    let disk = |error: io::Error| vec![e0564::cache_not_written(&cache.display().to_string(), &error)];
    let remedied = |faults: Vec<Diagnostic>| {
        let remedy = input.format().map_or("add documents that differ", e0557::remedy);
        let short = |fault: &Diagnostic| fault.code == e0557::PAGE.code;
        faults
            .into_iter()
            .map(|fault| if short(&fault) { fault.help(remedy) } else { fault })
            .collect::<Vec<_>>()
    };
    if dataset.ordered_by.is_some() {
        let documents = view.iter().collect::<io::Result<Vec<Fingerprint>>>().map_err(disk)?;
        let (splits, left_out) = assign_in_order(&dataset.name, &dataset.splits, &documents, &seen.moments)?;
        return Ok((Assignment::Listed(splits), left_out));
    }
    let labels = seen.labels.as_ref();
    let by_class =
        labels.filter(|_| matches!(input.format(), Some(Format::Labelled { stratified: true, .. })));
    let strata: Vec<Stratum> = match by_class {
        Some(labels) => {
            let division = Division { splits: dataset.splits.clone(), fold: dataset.fold };
            let named = |class: &String| format!("{}, class {class}", dataset.name);
            labels
                .classes
                .iter()
                .map(|class| Stratum { name: named(class), division: division.clone() })
                .collect()
        }
        // Every source of a mix is divided by itself, so that none is missing in a part.
        None => {
            let name =
                |source: &Source| if dataset.is_mix() { source.name.clone() } else { dataset.name.clone() };
            let own = |source| Stratum { name: name(source), division: dataset.division(source) };
            dataset.sources.iter().map(own).collect()
        }
    };
    let stratum = |number: u64| match by_class {
        Some(labels) => labels.numbers.get(number as usize).copied().unwrap_or(0),
        None => view.members.partition_point(|range| range.end <= number) as u32,
    };
    let documents = (0..).zip(view.iter()).map(|(number, document)| Ok((document?, stratum(number))));
    let cuts = cut(&strata, dataset.key, view.documents.records(), documents, cache).map_err(remedied)?;
    let left_out = vec![0; dataset.splits.len()];
    if labels.is_some() {
        let one = |(number, document): (u64, io::Result<Fingerprint>)| {
            Ok(cuts.split(&document?.hash, stratum(number)).1)
        };
        let splits = (0..).zip(view.iter()).map(one).collect::<io::Result<Vec<u32>>>().map_err(disk)?;
        return Ok((Assignment::Listed(splits), left_out));
    }
    let place = |split: &Split| dataset.splits.iter().position(|own| own.name == split.name);
    let places = |stratum: &Stratum| {
        stratum.division.splits.iter().map(|split| place(split).map_or(NO_SPLIT, |p| p as u32)).collect()
    };
    Ok((Assignment::Cut(cuts, strata.iter().map(places).collect()), left_out))
}

fn fingerprints(
    input: &Input,
    cache: &Path,
    seen: &mut Seen,
    mut near: Option<&mut Near>,
    progress: &mut dyn Progress,
) -> Outcome<Spool<Fingerprint>> {
    progress.begin("finding documents", Some(input.bytes()));
    let disk = |error: io::Error| vec![e0564::cache_not_written(&cache.display().to_string(), &error)];
    let mut found = SpoolWriter::new(cache).map_err(disk)?;
    let mut wrong: Vec<Diagnostic> = Vec::new();
    let mut group: Vec<String> = Vec::new();
    let mut bytes = 0;
    for document in input.ordered_documents()? {
        match document {
            Ok(document) => {
                bytes += document.text.len();
                seen.reach(input.member_of(document.file), found.records() + group.len() as u64);
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
            flush(input, &mut group, &mut found, near.as_deref_mut()).map_err(disk)?;
            progress.advance(bytes as u64);
            bytes = 0;
        }
    }
    flush(input, &mut group, &mut found, near).map_err(disk)?;
    progress.advance(bytes as u64);
    progress.finish();
    let stopped = wrong.len() >= MAX_REPORTED;
    if wrong.is_empty() { found.finish().map_err(disk) } else { Err(counted(wrong, stopped)) }
}

/// Fingerprints and signatures of a group of texts, made on all cores and kept in their order.
fn flush(
    input: &Input,
    group: &mut Vec<String>,
    found: &mut SpoolWriter<Fingerprint>,
    near: Option<&mut Near>,
) -> io::Result<()> {
    let Some(format) = input.format() else { return Ok(()) };
    let Some(near) = near else {
        let all: Vec<Fingerprint> = group.par_drain(..).map(|text| fingerprint(format, &text)).collect();
        return all.iter().try_for_each(|document| found.push(document));
    };
    let signer = &*near;
    let signed: Vec<_> =
        group.par_drain(..).map(|text| (fingerprint(format, &text), signer.sign(format, &text))).collect();
    for (fingerprint, signature) in signed {
        found.push(&fingerprint)?;
        near.push(signature)?;
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
    fn reach(&mut self, member: usize, documents: u64) {
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
