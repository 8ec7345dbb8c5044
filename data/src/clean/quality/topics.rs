//! How many different things documents are about: the Vendi score of order 2 (Pasarkar, Dieng: Cousins of the Vendi score, 2023) over a
//! sample, with the cosine similarity of tf-idf vectors. Inverse document frequencies are those of the sample, so that no list of words,
//! and no language, is assumed.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_64;

/// Documents that are compared with each other.
pub(super) const DOCUMENTS: usize = 200;

/// Words of a document that count, from its beginning.
const WORDS: usize = 400;

/// The words of a document as hashes, sorted, each with its count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Terms(Vec<(u32, u32)>);

impl Terms {
    /// Of these words, without regard to case.
    pub(super) fn of(words: &[&str]) -> Terms {
        let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
        for word in words.iter().filter(|word| word.chars().any(char::is_alphabetic)).take(WORDS) {
            *counts.entry(xxh3_64(word.to_lowercase().as_bytes()) as u32).or_default() += 1;
        }
        Terms(counts.into_iter().collect())
    }
}

/// Documents that were compared, and the Vendi score of order 2: n² / Σᵢⱼ kᵢⱼ², from 1 where all are alike to n where no two share
/// anything. Nothing without two documents.
pub(super) fn vendi<'a>(documents: impl Iterator<Item = &'a Terms>) -> Option<(u64, f64)> {
    let documents: Vec<&Terms> = documents.filter(|terms| !terms.0.is_empty()).collect();
    let n = documents.len();
    if n < 2 {
        return None;
    }
    let mut frequency: BTreeMap<u32, u32> = BTreeMap::new();
    for (term, _) in documents.iter().flat_map(|terms| &terms.0) {
        *frequency.entry(*term).or_default() += 1;
    }
    let weighted = |terms: &&Terms| -> Vec<(u32, f64)> {
        let weight = |(term, count): &(u32, u32)| {
            let df = frequency.get(term).copied().unwrap_or(1);
            let idf = ((1.0 + n as f64) / (1.0 + f64::from(df))).ln() + f64::EPSILON;
            (*term, (1.0 + f64::from(*count).ln()) * idf)
        };
        let vector: Vec<(u32, f64)> = terms.0.iter().map(weight).collect();
        let norm = vector.iter().map(|(_, w)| w * w).sum::<f64>().sqrt();
        vector.into_iter().map(|(term, w)| (term, w / norm)).collect()
    };
    let vectors: Vec<Vec<(u32, f64)>> = documents.iter().map(weighted).collect();
    let mut sum = n as f64;
    for (index, a) in vectors.iter().enumerate() {
        for b in vectors.iter().skip(index + 1) {
            sum += 2.0 * cosine(a, b).powi(2);
        }
    }
    Some((n as u64, (n * n) as f64 / sum))
}

/// Of two vectors of length 1, sorted by their terms.
fn cosine(a: &[(u32, f64)], b: &[(u32, f64)]) -> f64 {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut sum = 0.0;
    while let (Some((s, x)), Some((t, y))) = (a.peek(), b.peek()) {
        match s.cmp(t) {
            std::cmp::Ordering::Less => drop(a.next()),
            std::cmp::Ordering::Greater => drop(b.next()),
            std::cmp::Ordering::Equal => {
                sum += x * y;
                a.next();
                b.next();
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(texts: &[&str]) -> f64 {
        let terms: Vec<Terms> = texts.iter().map(|t| Terms::of(&t.split(' ').collect::<Vec<_>>())).collect();
        vendi(terms.iter()).unwrap().1
    }

    #[test]
    fn alike_is_one_topic_and_strangers_are_many() {
        assert!((score(&["a b c", "A B C", "c b a"]) - 1.0).abs() < 1e-9);
        assert!((score(&["a b", "c d", "e f", "g h"]) - 4.0).abs() < 1e-9);
        // Two topics of two documents each.
        let two = score(&["ship sea sail", "ship sea sail", "oven bread flour", "oven bread flour"]);
        assert!((two - 2.0).abs() < 1e-9, "{two}");
        assert_eq!(vendi([Terms::default()].iter()), None);
    }
}
