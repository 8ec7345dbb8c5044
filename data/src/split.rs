//! Dividing documents among splits without leakage.
//!
//! Documents are put in the order of a keyed hash of their text, and this order is cut where the shares of
//! bytes are met best. So the assignment depends on the documents and the key only, not on names, order
//! or number of files; equal documents stand together in the order and are never cut apart.

use crate::Outcome;
use crate::codes::e0557;
use regimen_base::data::Split;
use sha2::{Digest, Sha256};

/// What splitting needs to know of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// First half of the SHA-256 of its text.
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
    let groups = group_ends(&order, documents);
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

/// A run of equal documents in the keyed order.
struct Group {
    /// Where the run ends in the order.
    end: usize,
    /// Bytes of this run and all before it.
    bytes: u64,
}

fn group_ends(order: &[([u8; 16], [u8; 16], usize)], documents: &[Fingerprint]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut bytes = 0;
    let mut last = None;
    for (position, (_, hash, index)) in order.iter().enumerate() {
        bytes += documents.get(*index).map_or(0, |d| d.bytes);
        let group = Group { end: position + 1, bytes };
        match groups.last_mut() {
            Some(current) if last == Some(hash) => *current = group,
            _ => groups.push(group),
        }
        last = Some(hash);
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
