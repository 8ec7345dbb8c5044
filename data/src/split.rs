//! Dividing documents among splits without leakage.
//!
//! Documents are put in the order of a keyed hash of their text, and this order is cut where the shares of
//! bytes are met best. So the assignment depends on the documents and the key only, not on names, order
//! or number of files; equal documents stand together in the order and are never cut apart. Near-duplicates have the hash of
//! one of them by then ([`crate::near`]), so that they are equal here. Strata, such as classes or the sources of a mix, are each cut by
//! themselves. Where documents are ordered by a date, that order is cut instead.
//!
//! The order of hashes is made bucket by bucket on disk, and what is kept of a cut is the hash at which it lies: memory does not grow with
//! the number of documents.

use crate::Outcome;
use crate::codes::{e0557, e0564};
use crate::read::moment::Moment;
use crate::spool::{Record, Spool, SpoolWriter, number};
use regimen_base::Diagnostic;
use regimen_base::data::{Division, Fold, Share, Split};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// What splitting needs to know of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// First half of the SHA-256 of its text, or of that of the near-duplicate that stands for it.
    pub hash: [u8; 16],
    /// Length of its text in bytes.
    pub bytes: u64,
}

impl Fingerprint {
    /// The fingerprint of a text.
    pub fn of(text: &str) -> Fingerprint {
        Fingerprint { hash: half(Sha256::digest(text.as_bytes()).as_slice()), bytes: text.len() as u64 }
    }
}

impl Record for Fingerprint {
    const WIDTH: usize = 24;

    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.hash);
        to.extend_from_slice(&self.bytes.to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Fingerprint {
        let (hash, rest) = bytes.split_at(16.min(bytes.len()));
        Fingerprint { hash: half(hash), bytes: number(rest) }
    }
}

/// Documents that are divided by themselves.
#[derive(Clone, Debug)]
pub struct Stratum {
    /// What messages call it.
    pub name: String,
    /// How it is divided.
    pub division: Division,
}

/// The split of a document that is in none.
pub const NO_SPLIT: u32 = u32::MAX;

/// Where the order of keyed hashes is cut.
#[derive(Clone, Debug, Default)]
pub struct Cuts {
    key: i64,
    /// Of each stratum, the last keyed hash of every run of documents, and the number of that run's split in the stratum's division.
    strata: Vec<Vec<([u8; 16], u32)>>,
    /// Keyed hashes of texts that occur in several strata, and the one that they belong to: that of the first of them.
    shared: BTreeMap<[u8; 16], u32>,
}

impl Cuts {
    /// The stratum that a document belongs to if it was read in this one, and its split there.
    pub fn split(&self, hash: &[u8; 16], stratum: u32) -> (u32, u32) {
        let keyed = keyed(self.key, hash);
        let stratum = self.shared.get(&keyed).copied().unwrap_or(stratum);
        let runs = self.strata.get(stratum as usize).map_or(&[][..], Vec::as_slice);
        let run = runs.partition_point(|(last, _)| *last < keyed);
        (stratum, runs.get(run).map_or(NO_SPLIT, |(_, split)| *split))
    }
}

/// Documents of one bucket of the order are sorted in memory: about so many.
const BUCKET: u64 = 1 << 19;

/// Most buckets: each is an open file.
const MOST_BUCKETS: u64 = 256;

/// Strata that are cut in one reading of the buckets: each has an open file, too.
const AT_A_TIME: usize = 64;

/// Cuts the order of documents, each of which comes with the number of its stratum. Temporary files lie in the folder.
///
/// Each split gets at least one document, and each cut lies as near to its share of the bytes as the
/// documents around it allow: less than one document (all its copies together) off. Of folds, documents that are in neither `train` nor
/// `validation` are set aside first, the rest is divided into equal parts, one of which is `validation`.
///
/// # Errors
/// If a stratum has fewer different documents than splits or folds, or the disk fails.
pub fn cut(
    strata: &[Stratum],
    key: i64,
    number: u64,
    documents: impl Iterator<Item = io::Result<(Fingerprint, u32)>>,
    folder: &Path,
) -> Outcome<Cuts> {
    cut_with(strata, key, number.div_ceil(BUCKET).clamp(1, MOST_BUCKETS), documents, folder)
}

fn cut_with(
    strata: &[Stratum],
    key: i64,
    buckets: u64,
    documents: impl Iterator<Item = io::Result<(Fingerprint, u32)>>,
    folder: &Path,
) -> Outcome<Cuts> {
    let told = |stop: Stop| stop.told(folder);
    let buckets = placed(key, buckets.max(1), documents, folder).map_err(|error| told(error.into()))?;
    let mut cuts = Cuts { key, strata: vec![], shared: BTreeMap::new() };
    for (some, first) in strata.chunks(AT_A_TIME).zip((0..).step_by(AT_A_TIME)) {
        let groups = order(&buckets, first, some.len(), &mut cuts.shared, folder);
        for (stratum, groups) in some.iter().zip(&groups.map_err(|error| told(error.into()))?) {
            let empty = groups.records() == 0;
            cuts.strata.push(if empty { vec![] } else { runs(stratum, groups).map_err(told)? });
        }
    }
    Ok(cuts)
}

/// Why nothing was cut.
enum Stop {
    Disk(io::Error),
    Told(Vec<Diagnostic>),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Disk(error)
    }
}

impl Stop {
    fn told(self, folder: &Path) -> Vec<Diagnostic> {
        match self {
            Stop::Told(told) => told,
            Stop::Disk(error) => vec![e0564::cache_not_written(&folder.display().to_string(), &error)],
        }
    }
}

/// A document on its way into the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Placed {
    keyed: [u8; 16],
    /// Its number among all.
    number: u64,
    bytes: u64,
    stratum: u32,
}

impl Record for Placed {
    const WIDTH: usize = 36;

    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.keyed);
        to.extend_from_slice(&self.number.to_le_bytes());
        to.extend_from_slice(&self.bytes.to_le_bytes());
        to.extend_from_slice(&self.stratum.to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Placed {
        let at = |from: usize, to: usize| bytes.get(from..to).unwrap_or(&[]);
        let stratum = number(at(32, 36)) as u32;
        Placed { keyed: half(at(0, 16)), number: number(at(16, 24)), bytes: number(at(24, 32)), stratum }
    }
}

/// A run of equal documents, which is never cut apart.
#[derive(Clone, Copy, Debug)]
struct Group {
    keyed: [u8; 16],
    /// Bytes of this run and all before it in its stratum.
    bytes: u64,
}

impl Record for Group {
    const WIDTH: usize = 24;

    fn write(&self, to: &mut Vec<u8>) {
        Fingerprint { hash: self.keyed, bytes: self.bytes }.write(to);
    }

    fn read(bytes: &[u8]) -> Group {
        let Fingerprint { hash, bytes } = Fingerprint::read(bytes);
        Group { keyed: hash, bytes }
    }
}

/// Documents in buckets that follow each other in the order.
fn placed(
    key: i64,
    buckets: u64,
    documents: impl Iterator<Item = io::Result<(Fingerprint, u32)>>,
    folder: &Path,
) -> io::Result<Vec<Spool<Placed>>> {
    let new = |_| SpoolWriter::<Placed>::new(folder);
    let mut writers = (0..buckets).map(new).collect::<io::Result<Vec<_>>>()?;
    for (number, document) in (0..).zip(documents) {
        let (document, stratum) = document?;
        let placed = Placed { keyed: keyed(key, &document.hash), number, bytes: document.bytes, stratum };
        // Big-endian, as hashes are compared.
        let high = placed.keyed.iter().take(4).fold(0, |n, b| n << 8 | u64::from(*b));
        if let Some(writer) = writers.get_mut(((high * buckets) >> 32) as usize) {
            writer.push(&placed)?;
        }
    }
    writers.into_iter().map(SpoolWriter::finish).collect()
}

/// Runs of equal documents of the strata from `first` on, in the order of their keyed hashes; notes texts that occur in several strata.
fn order(
    buckets: &[Spool<Placed>],
    first: usize,
    strata: usize,
    shared: &mut BTreeMap<[u8; 16], u32>,
    folder: &Path,
) -> io::Result<Vec<Spool<Group>>> {
    let new = |_| SpoolWriter::<Group>::new(folder);
    let mut groups = (0..strata).map(new).collect::<io::Result<Vec<_>>>()?;
    let mut bytes = vec![0; strata];
    for bucket in buckets {
        let mut bucket = bucket.iter().collect::<io::Result<Vec<Placed>>>()?;
        bucket.sort_unstable();
        for equal in bucket.chunk_by(|a, b| a.keyed == b.keyed) {
            let Some(leader) = equal.first() else { continue };
            if equal.iter().any(|other| other.stratum != leader.stratum) {
                shared.insert(leader.keyed, leader.stratum);
            }
            let Some(place) = (leader.stratum as usize).checked_sub(first) else { continue };
            if let (Some(bytes), Some(groups)) = (bytes.get_mut(place), groups.get_mut(place)) {
                *bytes += equal.iter().map(|document| document.bytes).sum::<u64>();
                groups.push(&Group { keyed: leader.keyed, bytes: *bytes })?;
            }
        }
    }
    groups.into_iter().map(SpoolWriter::finish).collect()
}

/// Where a stratum is cut: the last keyed hash of every run, and its split.
fn runs(stratum: &Stratum, groups: &Spool<Group>) -> Result<Vec<([u8; 16], u32)>, Stop> {
    let Stratum { name, division: Division { splits, fold } } = stratum;
    let all = Range { groups, first: 0, end: groups.records() };
    let ends: Vec<(u64, u32)> = match fold {
        None => cuts(name, splits, &all)?.into_iter().zip(0..).collect(),
        Some(fold) => folded(name, splits, *fold, &all)?,
    };
    let last = |(end, split): (u64, u32)| Ok((groups.get(end.saturating_sub(1))?.keyed, split));
    ends.into_iter().map(last).collect()
}

/// The same where `train` and `validation` are folds.
fn folded(name: &str, splits: &[Split], fold: Fold, all: &Range<'_>) -> Result<Vec<(u64, u32)>, Stop> {
    let place = |name: &str| splits.iter().position(|s| s.name == name).unwrap_or(0);
    let (train, validation) = (place(TRAIN), place(VALIDATION));
    let outer: Vec<usize> = (0..splits.len()).filter(|split| *split != validation).collect();
    let whole = |split: &usize| {
        let own = splits.get(*split)?;
        let other = splits.get(validation).filter(|_| *split == train);
        let share = other.map_or(Some(own.share), |other| sum(own.share, other.share))?;
        Some(Split { name: own.name.clone(), share })
    };
    let wholes: Vec<Split> = outer.iter().filter_map(whole).collect();
    let mut ends = vec![];
    let mut first = 0;
    for (end, split) in cuts(name, &wholes, all)?.into_iter().zip(&outer) {
        if *split == train {
            let inside = Range { groups: all.groups, first, end };
            let equal =
                Split { name: String::new(), share: Share { numerator: 1, denominator: fold.of.max(1) } };
            let count = usize::try_from(fold.of.min(inside.len() + 1)).unwrap_or(usize::MAX);
            for (end, number) in cuts(name, &vec![equal; count], &inside)?.into_iter().zip(1..) {
                ends.push((end, if number == fold.number { validation } else { train } as u32));
            }
        } else {
            ends.push((end, *split as u32));
        }
        first = end;
    }
    Ok(ends)
}

/// By a date or number: the splits follow each other, each strictly after the one before it. A document that is equal to one of an
/// earlier split, or a near-duplicate of it, is in none ([`NO_SPLIT`]).
///
/// # Errors
/// If a split would have no document.
pub fn assign_in_order(
    dataset: &str,
    splits: &[Split],
    documents: &[Fingerprint],
    moments: &[Moment],
) -> Outcome<(Vec<u32>, Vec<u64>)> {
    let mut order: Vec<(Moment, [u8; 16], usize)> =
        moments.iter().zip(documents).enumerate().map(|(i, (when, d))| (*when, d.hash, i)).collect();
    order.sort_unstable();
    let groups = group_ends(&order, documents);
    if groups.len() < splits.len().max(1) {
        return Err(vec![e0557::too_few_moments(dataset, groups.len() as u64, splits.len())]);
    }
    let bytes = |count: u64| groups.get((count as usize).wrapping_sub(1)).map_or(0, |(_, bytes)| *bytes);
    let Ok(cuts) = cuts_of::<std::convert::Infallible>(splits, groups.len() as u64, |count| Ok(bytes(count)));
    let mut assigned = vec![NO_SPLIT; documents.len()];
    let mut first: BTreeMap<[u8; 16], u32> = BTreeMap::new();
    let (mut left_out, mut kept) = (vec![0; splits.len()], vec![0u64; splits.len()]);
    let mut start = 0;
    for (split, cut) in cuts.iter().enumerate() {
        let end = groups.get((*cut as usize).wrapping_sub(1)).map_or(0, |(end, _)| *end);
        for (_, hash, index) in order.get(start..end).unwrap_or(&[]) {
            let fits = *first.entry(*hash).or_insert(split as u32) == split as u32;
            let counted = if fits { &mut kept } else { &mut left_out };
            counted.get_mut(split).into_iter().for_each(|count| *count += 1);
            if let Some(slot) = assigned.get_mut(*index).filter(|_| fits) {
                *slot = split as u32;
            }
        }
        start = end;
    }
    match kept.iter().zip(splits).find(|(kept, _)| **kept == 0) {
        Some((_, split)) => Err(vec![e0557::only_repeated(dataset, &split.name)]),
        None => Ok((assigned, left_out)),
    }
}

/// The splits that folds become.
const TRAIN: &str = "train";
const VALIDATION: &str = "validation";

fn sum(a: Share, b: Share) -> Option<Share> {
    let over = |x: u64, y: u64| x.checked_mul(y);
    let numerator = over(a.numerator, b.denominator)?.checked_add(over(b.numerator, a.denominator)?)?;
    Some(Share { numerator, denominator: over(a.denominator, b.denominator)? })
}

/// What stands for a hash in the order.
fn keyed(key: i64, hash: &[u8; 16]) -> [u8; 16] {
    let digest = Sha256::new().chain_update(key.to_le_bytes()).chain_update(hash).finalize();
    half(digest.as_slice())
}

/// Runs of documents of one moment: where each ends in the order, and bytes of it and all before it.
fn group_ends(order: &[(Moment, [u8; 16], usize)], documents: &[Fingerprint]) -> Vec<(usize, u64)> {
    let mut groups: Vec<(usize, u64)> = Vec::new();
    let mut bytes = 0;
    let mut last = None;
    for (position, (when, _, index)) in order.iter().enumerate() {
        bytes += documents.get(*index).map_or(0, |d| d.bytes);
        let group = (position + 1, bytes);
        match groups.last_mut() {
            Some(current) if last == Some(*when) => *current = group,
            _ => groups.push(group),
        }
        last = Some(*when);
    }
    groups
}

/// Some runs that follow each other.
struct Range<'a> {
    groups: &'a Spool<Group>,
    first: u64,
    end: u64,
}

impl Range<'_> {
    fn len(&self) -> u64 {
        self.end - self.first
    }

    /// Bytes of the first so many.
    fn bytes(&self, count: u64) -> io::Result<u64> {
        let upto = |end: u64| match end.checked_sub(1) {
            Some(last) => self.groups.get(last).map(|group| group.bytes),
            None => Ok(0),
        };
        Ok(upto(self.first + count)? - upto(self.first)?)
    }
}

/// After how many of all runs each split ends.
fn cuts(name: &str, splits: &[Split], range: &Range<'_>) -> Result<Vec<u64>, Stop> {
    if range.len() < splits.len().max(1) as u64 {
        return Err(Stop::Told(vec![e0557::too_few_documents(name, range.len(), splits.len())]));
    }
    let cuts = cuts_of(splits, range.len(), |count| range.bytes(count))?;
    Ok(cuts.into_iter().map(|cut| range.first + cut).collect())
}

/// After how many groups each split ends; strictly increasing, the last is the number of groups. `bytes` are those of the first so many
/// groups.
fn cuts_of<E>(splits: &[Split], groups: u64, bytes: impl Fn(u64) -> Result<u64, E>) -> Result<Vec<u64>, E> {
    let total = bytes(groups)? as f64;
    let whole: f64 = splits.iter().map(|s| s.share.as_f64()).sum();
    let mut cuts: Vec<u64> = Vec::with_capacity(splits.len());
    let mut share = 0.0;
    for (index, split) in splits.iter().enumerate() {
        share += split.share.as_f64();
        let target = if whole > 0.0 { total * share / whole } else { 0.0 };
        let first = cuts.last().copied().unwrap_or(0) + 1;
        let last = groups - (splits.len() - index - 1) as u64;
        let cut =
            if index + 1 == splits.len() { last } else { nearest(groups, &bytes, (first, last), target)? };
        cuts.push(cut);
    }
    Ok(cuts)
}

/// The number of groups in `first..=last` whose bytes together are nearest to the target.
fn nearest<E>(
    groups: u64,
    bytes: impl Fn(u64) -> Result<u64, E>,
    (first, last): (u64, u64),
    target: f64,
) -> Result<u64, E> {
    // How many groups do not reach the target.
    let (mut low, mut high) = (0, groups);
    while low < high {
        let middle = low + (high - low) / 2;
        if (bytes(middle + 1)? as f64) < target { low = middle + 1 } else { high = middle }
    }
    let above = (low + 1).clamp(first, last);
    let below = low.clamp(first, last);
    let closer = target - bytes(below)? as f64 <= bytes(above)? as f64 - target;
    Ok(if closer { below } else { above })
}

fn half(digest: &[u8]) -> [u8; 16] {
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(digest) {
        *to = *from;
    }
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(percent: u64) -> Share {
        Share { numerator: percent, denominator: 100 }
    }

    #[test]
    fn buckets_change_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let documents: Vec<(Fingerprint, u32)> =
            (0..3000u32).map(|i| (Fingerprint::of(&format!("text {}", i % 2500)), i % 2)).collect();
        let names = [("train", 90), ("validation", 7), ("test", 3)];
        let splits = names.map(|(name, percent)| Split { name: name.into(), share: share(percent) }).to_vec();
        for fold in [None, Some(Fold { number: 2, of: 5 })] {
            let stratum = |name: &str| Stratum {
                name: name.into(),
                division: Division { splits: splits.clone(), fold },
            };
            let strata = [stratum("a"), stratum("b")];
            let all = |buckets| {
                let cuts =
                    cut_with(&strata, 3, buckets, documents.iter().copied().map(Ok), folder.path()).unwrap();
                documents.iter().map(|(d, stratum)| cuts.split(&d.hash, *stratum)).collect::<Vec<_>>()
            };
            let one = all(1);
            assert!([2, 7, 256].into_iter().all(|buckets| all(buckets) == one));
            for (i, found) in one.iter().enumerate().skip(2500) {
                assert_eq!(*found, one[i - 2500], "equal texts are of the first one's stratum and split");
            }
        }
    }
}
