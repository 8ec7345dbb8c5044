//! Samples of fixed size whose content does not depend on the order in which things come: of distinct hashes, and of documents.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most different hashes that are kept.
const ROOM: usize = 1 << 14;

/// A sample of the different values of a stream, each with how often it occurred (Gibbons: Distinct sampling for highly-accurate answers
/// to distinct values queries, 2001): hashes that end in `level` zero bits, for the smallest level at which they fit. Which these are, and
/// their counts, depends on the values alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Distinct {
    level: u32,
    kept: BTreeMap<u64, u64>,
    total: u64,
}

impl Distinct {
    /// Counts one occurrence.
    pub fn add(&mut self, hash: u64) {
        self.total += 1;
        if hash.trailing_zeros() >= self.level {
            *self.kept.entry(hash).or_default() += 1;
            self.shrink();
        }
    }

    /// Adds what another part of the stream holds.
    pub fn merge(&mut self, other: Distinct) {
        self.total += other.total;
        self.level = self.level.max(other.level);
        for (hash, count) in other.kept {
            *self.kept.entry(hash).or_default() += count;
        }
        let level = self.level;
        self.kept.retain(|hash, _| hash.trailing_zeros() >= level);
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.kept.len() > ROOM {
            self.level += 1;
            let level = self.level;
            self.kept.retain(|hash, _| hash.trailing_zeros() >= level);
        }
    }

    /// Different values over all, among those that are kept: exact up to 16,384 different ones, within about a percent beyond.
    pub fn share(&self) -> Option<f64> {
        let kept: u64 = self.kept.values().sum();
        (kept > 0).then(|| self.kept.len() as f64 / kept as f64)
    }

    /// Different values, estimated from those that are kept, over all: unlike [`Distinct::share`] not thrown off by a few values that
    /// occur very often.
    pub fn ratio(&self) -> Option<f64> {
        let distinct = self.kept.len() as f64 * 2f64.powi(self.level as i32);
        (self.total > 0).then(|| (distinct / self.total as f64).min(1.0))
    }
}

/// The documents with the smallest keys: a sample without regard to order, if keys are hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Smallest<T> {
    kept: BTreeMap<u64, T>,
}

impl<T> Smallest<T> {
    /// Whether a document with this key would be kept.
    pub fn wants(&self, key: u64, room: usize) -> bool {
        self.kept.len() < room || self.kept.last_key_value().is_some_and(|(largest, _)| key < *largest)
    }

    /// Keeps it, if it is among the `room` smallest.
    pub fn add(&mut self, key: u64, value: T, room: usize) {
        self.kept.insert(key, value);
        while self.kept.len() > room {
            self.kept.pop_last();
        }
    }

    /// Adds what another part holds.
    pub fn merge(&mut self, other: Smallest<T>, room: usize) {
        other.kept.into_iter().for_each(|(key, value)| self.add(key, value, room));
    }

    /// What is kept, in the order of the keys.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.kept.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xxhash_rust::xxh3::xxh3_64;

    fn hash(n: u64) -> u64 {
        xxh3_64(&n.to_le_bytes())
    }

    #[test]
    fn order_and_parts_do_not_matter_and_shares_are_right() {
        // 100,000 values, a quarter of which occurs twice.
        let all: Vec<u64> = (0..100_000).chain(0..25_000).map(hash).collect();
        let mut whole = Distinct::default();
        all.iter().for_each(|h| whole.add(*h));
        let mut parts = Distinct::default();
        for chunk in all.chunks(7_919).rev() {
            let mut part = Distinct::default();
            chunk.iter().rev().for_each(|h| part.add(*h));
            parts.merge(part);
        }
        assert_eq!(whole, parts);
        assert!(whole.kept.len() <= ROOM);
        assert!((whole.share().unwrap() - 0.8).abs() < 0.01, "{:?}", whole.share());
        assert!((whole.ratio().unwrap() - 0.8).abs() < 0.02, "{:?}", whole.ratio());
    }

    #[test]
    fn few_values_are_counted_exactly() {
        let mut few = Distinct::default();
        [1, 2, 2, 3].map(hash).into_iter().for_each(|h| few.add(h));
        assert_eq!((few.share(), few.ratio()), (Some(0.75), Some(0.75)));
        assert_eq!((Distinct::default().share(), Distinct::default().ratio()), (None, None));
    }

    #[test]
    fn the_smallest_stay() {
        let mut whole = Smallest::default();
        let mut halves = [Smallest::default(), Smallest::default()];
        for n in 0..1_000u64 {
            whole.add(hash(n), n, 10);
            halves[(n % 2) as usize].add(hash(n), n, 10);
        }
        let [mut first, second] = halves;
        first.merge(second, 10);
        assert_eq!(first, whole);
        assert_eq!(whole.values().count(), 10);
        assert!(!whole.wants(u64::MAX, 10) && whole.wants(0, 10));
    }
}
