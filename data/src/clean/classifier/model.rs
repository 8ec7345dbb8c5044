//! Logistic regression over hashed n-grams of words.

use regimen_base::cleaning;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Weights; n-grams that fall on the same share one.
const BUCKETS: usize = 1 << 20;

/// Words of a document that count, from its beginning.
const WORDS: usize = 1_000;

/// Times that each document is seen.
const EPOCHS: u64 = 5;

/// Size of the first steps; it falls to nothing.
const RATE: f64 = 2.0;

/// Weights and bias.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Model {
    ngram: usize,
    bias: f32,
    weights: Vec<f32>,
}

/// The buckets of a document's n-grams of 1 to `ngram` words in small letters, each once, sorted.
pub(super) fn features(words: &[&str], ngram: usize) -> Vec<u32> {
    let hashes: Vec<u64> =
        words.iter().take(WORDS).map(|word| xxh3_64(word.to_lowercase().as_bytes())).collect();
    let mut found = vec![];
    for n in 1..=ngram {
        for run in hashes.windows(n) {
            let hash = run.iter().fold(n as u64, |hash, word| {
                (hash.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15)
            });
            found.push((hash >> 40) as u32 % BUCKETS as u32);
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

impl Model {
    /// Stochastic gradient descent, one document at a time in an order that the seed decides. Both sides weigh the same, however many
    /// documents they have.
    pub(super) fn train(positive: &[Vec<u32>], negative: &[Vec<u32>], asked: &cleaning::Classifier) -> Model {
        let mut model = Model { ngram: asked.ngram as usize, bias: 0.0, weights: vec![0.0; BUCKETS] };
        let documents: Vec<(&Vec<u32>, f64)> =
            positive.iter().map(|d| (d, 1.0)).chain(negative.iter().map(|d| (d, 0.0))).collect();
        let whole = documents.len() as f64;
        let weights = [negative, positive].map(|side| whole / (2.0 * side.len().max(1) as f64));
        let [of_negative, of_positive] = weights;
        let steps = EPOCHS as f64 * whole;
        let mut done = 0.0;
        for epoch in 0..EPOCHS {
            let mut order: Vec<usize> = (0..documents.len()).collect();
            let seed = asked.seed.wrapping_mul(EPOCHS).wrapping_add(epoch);
            order.sort_by_key(|index| (xxh3_64_with_seed(&(*index as u64).to_le_bytes(), seed), *index));
            for (features, target) in order.into_iter().filter_map(|index| documents.get(index)) {
                let rate = RATE * (1.0 - done / steps);
                let side = if *target > 0.5 { of_positive } else { of_negative };
                model.step(features, *target, rate * side);
                done += 1.0;
            }
        }
        model
    }

    fn step(&mut self, features: &[u32], target: f64, rate: f64) {
        let change = rate * (target - self.score(features));
        let each = (change / length(features)) as f32;
        self.bias += change as f32 * 0.1;
        for feature in features {
            if let Some(weight) = self.weights.get_mut(*feature as usize) {
                *weight += each;
            }
        }
    }

    /// How likely a document is positive, if both sides are as frequent: σ(b + Σ w / √k) over its k features.
    pub(super) fn score(&self, features: &[u32]) -> f64 {
        let weight = |feature: &u32| self.weights.get(*feature as usize).copied().unwrap_or(0.0);
        let sum: f64 = features.iter().map(|feature| f64::from(weight(feature))).sum();
        1.0 / (1.0 + (-(f64::from(self.bias) + sum / length(features))).exp())
    }

    /// Most words of an n-gram.
    pub(super) fn ngram(&self) -> usize {
        self.ngram
    }

    /// n, bias and weights, little-endian.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let numbers = [self.ngram as f32, self.bias];
        numbers.iter().chain(&self.weights).flat_map(|number| number.to_le_bytes()).collect()
    }

    /// What [`Model::to_bytes`] wrote.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Model> {
        let number = |b: &[u8]| f32::from_bits(b.iter().rev().fold(0, |n, b| n << 8 | u32::from(*b)));
        let mut numbers = bytes.chunks_exact(4).map(number);
        let (ngram, bias) = (numbers.next()?, numbers.next()?);
        let weights: Vec<f32> = numbers.collect();
        (weights.len() == BUCKETS).then_some(Model { ngram: ngram as usize, bias, weights })
    }
}

/// Length of the vector that has a 1 for each feature.
fn length(features: &[u32]) -> f64 {
    (features.len().max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use regimen_base::cleaning::Side;

    fn asked(seed: u64) -> cleaning::Classifier {
        let (positive, negative) = (vec![], vec![]);
        cleaning::Classifier { positive, negative, threshold: 0.5, keep: Side::Positive, ngram: 2, seed }
    }

    fn documents(words: &[&str]) -> Vec<Vec<u32>> {
        (0..40).map(|i| features(&[words[i % words.len()], words[i / 2 % words.len()], "the"], 2)).collect()
    }

    #[test]
    fn what_is_told_apart_by_words_is_learned_and_repeats() {
        let (ships, bread) = (documents(&["ship", "sea", "sail"]), documents(&["bread", "oven", "flour"]));
        let model = Model::train(&ships, &bread, &asked(0));
        assert!(model.score(&features(&["sea"], 2)) > 0.8 && model.score(&features(&["oven"], 2)) < 0.2);
        assert!((model.score(&features(&["unknown"], 2)) - 0.5).abs() < 0.2);
        assert_eq!(model, Model::train(&ships, &bread, &asked(0)));
        assert_ne!(model, Model::train(&ships, &bread, &asked(1)));
        assert_eq!(Model::from_bytes(&model.to_bytes()), Some(model));
        assert_eq!(Model::from_bytes(&[0; 12]), None);
    }

    #[test]
    fn features_are_n_grams_without_case() {
        assert_eq!(features(&["A", "b", "A"], 1).len(), 2);
        assert_eq!(features(&["a", "b", "a"], 2).len(), 4);
        assert_eq!(features(&["The", "SEA"], 2), features(&["the", "sea"], 2));
        assert!(features(&[], 2).is_empty());
    }
}
