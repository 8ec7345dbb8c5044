//! What deduplication compares: a hash of the whole text, or MinHash signatures of its n-grams.

use super::text::simplify::simplify;
use super::text::words::words;
use regimen_base::cleaning::{Level, Minhash, Step};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed, xxh3_128};

/// Seed of the hash functions: signatures never depend on the experiment's seed, so that runs with different seeds train on the
/// same documents.
const SEED: u64 = 0x5EED;

/// Makes signatures of a fixed number of 64-bit columns.
pub(crate) enum Signer {
    /// Two columns: both halves of a 128-bit hash.
    Exact(Level),
    /// A column for each band.
    Minhash(Box<Hashes>),
}

/// Hash functions `h ↦ a·h + b mod 2⁶⁴` (a odd) over hashed n-grams, in bands of rows (Broder, 1997; Leskovec, Rajaraman,
/// Ullman: Mining of Massive Datasets, chapter 3).
pub(crate) struct Hashes {
    level: Level,
    ngram: usize,
    rows: usize,
    multiply: Vec<u64>,
    add: Vec<u64>,
}

impl Signer {
    /// For a step that compares; nothing for any other.
    pub(crate) fn of(step: &Step) -> Option<Signer> {
        match step {
            Step::Exact(exact) => Some(Signer::Exact(exact.level)),
            Step::Minhash(minhash) => Some(Signer::Minhash(Box::new(Hashes::new(minhash)))),
            _ => None,
        }
    }

    /// What is compared.
    pub(crate) fn level(&self) -> Level {
        match self {
            Signer::Exact(level) => *level,
            Signer::Minhash(hashes) => hashes.level,
        }
    }

    /// Columns of a signature.
    pub(crate) fn columns(&self) -> usize {
        match self {
            Signer::Exact(_) => 2,
            Signer::Minhash(hashes) => hashes.multiply.len() / hashes.rows,
        }
    }

    /// Whether all columns must be equal, or one.
    pub(crate) fn all_columns(&self) -> bool {
        matches!(self, Signer::Exact(_))
    }

    /// The signature of a text; nothing if it is too short to have one.
    pub(crate) fn sign(&self, text: &str) -> Option<Vec<u64>> {
        match self {
            Signer::Exact(_) => {
                let hash = xxh3_128(text.as_bytes());
                Some(vec![(hash >> 64) as u64, hash as u64])
            }
            Signer::Minhash(hashes) => hashes.sign(text),
        }
    }
}

impl Hashes {
    fn new(asked: &Minhash) -> Hashes {
        let (bands, rows) = asked.bands_and_rows();
        let number = |index: u64, what: u64| xxh3_64_with_seed(&index.to_le_bytes(), SEED + what);
        let count = bands * rows;
        Hashes {
            level: asked.level,
            ngram: asked.ngram as usize,
            rows: rows as usize,
            multiply: (0..count).map(|index| number(index, 0) | 1).collect(),
            add: (0..count).map(|index| number(index, 1)).collect(),
        }
    }

    fn sign(&self, text: &str) -> Option<Vec<u64>> {
        let simple = simplify(text);
        let hashed: Vec<u64> = words(&simple).iter().map(|word| xxh3_64(word.as_bytes())).collect();
        if hashed.len() < self.ngram {
            return None;
        }
        let mut least = vec![u64::MAX; self.multiply.len()];
        for run in hashed.windows(self.ngram) {
            let hash = run
                .iter()
                .fold(0u64, |hash, word| (hash ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29));
            for ((least, multiply), add) in least.iter_mut().zip(&self.multiply).zip(&self.add) {
                *least = (*least).min(hash.wrapping_mul(*multiply).wrapping_add(*add));
            }
        }
        let band = |rows: &[u64]| {
            let bytes: Vec<u8> = rows.iter().flat_map(|row| row.to_le_bytes()).collect();
            xxh3_64(&bytes)
        };
        Some(least.chunks(self.rows).map(band).collect())
    }
}

/// What is compared of a document: the whole text, or its paragraphs.
pub(crate) fn units(level: Level, text: &str) -> Vec<&str> {
    match level {
        Level::Document => vec![text],
        Level::Paragraph => {
            super::text::lines::between_feeds(text, 2).into_iter().filter(|p| !p.trim().is_empty()).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two sets of n-grams of the Jaccard similarity asked for: of `1000` words all different, a stretch is replaced.
    fn pair(seed: u64, similarity: f64) -> (String, String) {
        // Letters only: numbers are all alike.
        let letter = |digit: u64| char::from(b'a' + (digit % 26) as u8);
        let word = |i: u64| -> String {
            let hash = xxh3_64_with_seed(&i.to_le_bytes(), seed);
            (0..12).map(|at| letter(hash >> (5 * at))).collect()
        };
        let total = 1_000;
        // Of n = total − 4 n-grams, replacing r words at the end changes r (for r ≥ 1): J = (n − r)/(n + r).
        let n = f64::from(total - 4);
        let replaced = (n * (1.0 - similarity) / (1.0 + similarity)).round() as u64;
        let words: Vec<String> = (0..u64::from(total as u32)).map(word).collect();
        let other = |i: usize, w: &String| {
            if (i as u64) < u64::from(total as u32) - replaced { w.clone() } else { word(10_000 + i as u64) }
        };
        let second: Vec<String> = words.iter().enumerate().map(|(i, w)| other(i, w)).collect();
        (words.join(" "), second.join(" "))
    }

    #[test]
    fn pairs_are_found_as_often_as_theory_says() {
        let asked = Minhash { level: Level::Document, similarity: 0.72, ngram: 5, hashes: 112 };
        let (bands, rows) = asked.bands_and_rows();
        let pairs = 300u64;
        for similarity in [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95] {
            let expected = 1.0 - (1.0 - f64::powi(similarity, rows as i32)).powi(bands as i32);
            let mut found = 0;
            for seed in 0..pairs {
                let hashes = Hashes::new(&asked);
                let (a, b) = pair(seed, similarity);
                let (a, b) = (hashes.sign(&a).unwrap(), hashes.sign(&b).unwrap());
                found += u64::from(a.iter().zip(&b).any(|(a, b)| a == b));
            }
            let share = found as f64 / pairs as f64;
            // Four standard deviations of a binomial count, and the rounding of the planted similarity.
            let margin = 4.0 * (expected * (1.0 - expected) / pairs as f64).sqrt() + 0.02;
            assert!((share - expected).abs() < margin, "{similarity}: {share} found, {expected} expected");
        }
    }

    #[test]
    fn short_texts_have_no_signature_and_case_does_not_matter() {
        let asked = Minhash { level: Level::Document, similarity: 0.72, ngram: 5, hashes: 112 };
        let signer = Signer::of(&Step::Minhash(asked)).unwrap();
        assert_eq!(signer.columns(), 14);
        assert_eq!(signer.sign("one two three four"), None);
        assert_eq!(signer.sign("One, two; three four FIVE!"), signer.sign("one two three four five"));
        assert_eq!(units(Level::Paragraph, "a\n\n\nb\n\n \n\nc\nd"), ["a", "b", "c\nd"]);
    }
}
