//! Dividing documents among splits without leakage.
//!
//! Documents are put in the order of a keyed hash of their text, and this order is cut where the shares of
//! bytes are met best. So the assignment depends on the documents and the key only, not on names, order
//! or number of files; equal documents stand together in the order and are never cut apart. Near-duplicates have the hash of
//! one of them by then ([`crate::near`]), so that they are equal here. Where documents are ordered by a date, that order is cut instead.

use crate::Outcome;
use crate::codes::e0557;
use crate::read::moment::Moment;
use regimen_base::data::{Fold, Share, Split};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

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

/// The index of its split for every document.
///
/// Each split gets at least one document, and each cut lies as near to its share of the bytes as the
/// documents around it allow: less than one document (all its copies together) off.
///
/// # Errors
/// If there are fewer different documents than splits.
pub fn assign(dataset: &str, splits: &[Split], key: i64, documents: &[Fingerprint]) -> Outcome<Vec<u32>> {
    let order = keyed_order(key, documents);
    let groups = group_ends(order.iter().map(|(_, hash, index)| (*hash, *index)), documents);
    if groups.len() < splits.len().max(1) {
        return Err(vec![e0557::too_few_documents(dataset, groups.len() as u64, splits.len())]);
    }
    let cuts = cuts(splits, &groups);
    let mut assigned = vec![0; documents.len()];
    let mut start = 0;
    for (split, cut) in cuts.iter().enumerate() {
        let end = groups.get(cut.wrapping_sub(1)).map_or(0, |g| g.end);
        for document in order.get(start..end).unwrap_or(&[]) {
            if let Some(slot) = assigned.get_mut(document.2) {
                *slot = split as u32;
            }
        }
        start = end;
    }
    Ok(assigned)
}

/// The same where `train` and `validation` are folds: documents that are in neither are set aside first, the rest is divided into equal
/// parts, one of which is `validation`.
///
/// # Errors
/// If there are fewer different documents than splits or folds.
pub fn assign_fold(
    dataset: &str,
    splits: &[Split],
    fold: Fold,
    key: i64,
    documents: &[Fingerprint],
) -> Outcome<Vec<u32>> {
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
    let assigned = assign(dataset, &wholes, key, documents)?;
    let mut assigned: Vec<u32> =
        assigned.iter().map(|s| outer.get(*s as usize).map_or(0, |split| *split as u32)).collect();
    let inside: Vec<usize> =
        (0..documents.len()).filter(|i| assigned.get(*i) == Some(&(train as u32))).collect();
    let equal = Split { name: String::new(), share: Share { numerator: 1, denominator: fold.of.max(1) } };
    let folds = vec![equal; usize::try_from(fold.of).unwrap_or(usize::MAX).min(documents.len() + 1)];
    let own: Vec<Fingerprint> = inside.iter().filter_map(|i| documents.get(*i).copied()).collect();
    for (index, found) in inside.iter().zip(assign(dataset, &folds, key, &own)?) {
        if let Some(slot) = assigned.get_mut(*index)
            && u64::from(found) + 1 == fold.number
        {
            *slot = validation as u32;
        }
    }
    Ok(assigned)
}

/// The same by a date or number: the splits follow each other, each strictly after the one before it. A document that is equal to one of an
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
    let groups = group_ends(order.iter().map(|(when, _, index)| (*when, *index)), documents);
    if groups.len() < splits.len().max(1) {
        return Err(vec![e0557::too_few_moments(dataset, groups.len() as u64, splits.len())]);
    }
    let mut assigned = vec![NO_SPLIT; documents.len()];
    let mut first: BTreeMap<[u8; 16], u32> = BTreeMap::new();
    let (mut left_out, mut kept) = (vec![0; splits.len()], vec![0u64; splits.len()]);
    let mut start = 0;
    for (split, cut) in cuts(splits, &groups).iter().enumerate() {
        let end = groups.get(cut.wrapping_sub(1)).map_or(0, |g| g.end);
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

/// The split of a document that is in none.
pub const NO_SPLIT: u32 = u32::MAX;

/// The splits that folds become.
const TRAIN: &str = "train";
const VALIDATION: &str = "validation";

fn sum(a: Share, b: Share) -> Option<Share> {
    let over = |x: u64, y: u64| x.checked_mul(y);
    let numerator = over(a.numerator, b.denominator)?.checked_add(over(b.numerator, a.denominator)?)?;
    Some(Share { numerator, denominator: over(a.denominator, b.denominator)? })
}

/// (keyed hash, hash, index) of every document, sorted.
fn keyed_order(key: i64, documents: &[Fingerprint]) -> Vec<([u8; 16], [u8; 16], usize)> {
    let keyed = |hash: &[u8; 16]| {
        let digest = Sha256::new().chain_update(key.to_le_bytes()).chain_update(hash).finalize();
        half(digest.as_slice())
    };
    let mut order: Vec<_> =
        documents.iter().enumerate().map(|(index, d)| (keyed(&d.hash), d.hash, index)).collect();
    order.sort_unstable();
    order
}

/// A run of documents that are never cut apart.
struct Group {
    /// Where the run ends in the order.
    end: usize,
    /// Bytes of this run and all before it.
    bytes: u64,
}

/// Runs of documents with equal keys.
fn group_ends<K: PartialEq>(
    order: impl Iterator<Item = (K, usize)>,
    documents: &[Fingerprint],
) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut bytes = 0;
    let mut last = None;
    for (position, (key, index)) in order.enumerate() {
        bytes += documents.get(index).map_or(0, |d| d.bytes);
        let group = Group { end: position + 1, bytes };
        match groups.last_mut() {
            Some(current) if last.as_ref() == Some(&key) => *current = group,
            _ => groups.push(group),
        }
        last = Some(key);
    }
    groups
}

/// After how many groups each split ends; strictly increasing, the last is the number of groups.
fn cuts(splits: &[Split], groups: &[Group]) -> Vec<usize> {
    let total = groups.last().map_or(0, |g| g.bytes) as f64;
    let whole: f64 = splits.iter().map(|s| s.share.as_f64()).sum();
    let mut cuts: Vec<usize> = Vec::with_capacity(splits.len());
    let mut share = 0.0;
    for (index, split) in splits.iter().enumerate() {
        share += split.share.as_f64();
        let target = if whole > 0.0 { total * share / whole } else { 0.0 };
        let first = cuts.last().copied().unwrap_or(0) + 1;
        let last = groups.len() - (splits.len() - index - 1);
        let cut = if index + 1 == splits.len() { last } else { nearest(groups, first, last, target) };
        cuts.push(cut);
    }
    cuts
}

/// The number of groups in `first..=last` whose bytes together are nearest to the target.
fn nearest(groups: &[Group], first: usize, last: usize, target: f64) -> usize {
    let bytes = |count: usize| groups.get(count.wrapping_sub(1)).map_or(0, |g| g.bytes) as f64;
    let reaching = groups.partition_point(|g| (g.bytes as f64) < target) + 1;
    let above = reaching.clamp(first, last);
    let below = reaching.saturating_sub(1).clamp(first, last);
    if target - bytes(below) <= bytes(above) - target { below } else { above }
}

fn half(digest: &[u8]) -> [u8; 16] {
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(digest) {
        *to = *from;
    }
    half
}
