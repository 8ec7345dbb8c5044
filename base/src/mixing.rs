//! In which order the samples of a mix come from its sources: the compiler predicts it, the data engine follows it.
//!
//! The sources are the leaves of a binary tree. Of the first `n` samples that come to a node, `⌊(n·left + offset) / both⌋` go to its left
//! half, where `left` and `both` are sums of weights: a sample's source, and how many samples that source gave before, follow from the
//! sample's index alone, without a table, and every source gives its samples in their order. After any number of samples, each of K sources
//! has given its share of them but for fewer than ⌈log₂ K⌉ samples.

use crate::data::{Dataset, Mixing, Share, Weights};

/// The order in which samples come from sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draws {
    weights: Vec<u64>,
    key: Option<i64>,
}

impl Draws {
    /// Draws in proportion to these weights; nothing if they are all zero. The key moves the order, so that each of the first samples may
    /// be of any source.
    pub fn new(weights: Vec<u64>, key: Option<i64>) -> Option<Draws> {
        weights.iter().any(|weight| *weight > 0).then_some(Draws { weights, key })
    }

    /// The source of a sample, and the number of samples that this source gave before.
    pub fn source(&self, index: u64) -> (usize, u64) {
        let (mut first, mut end, mut n) = (0, self.weights.len(), index);
        while end - first > 1 {
            let middle = first + (end - first).div_ceil(2);
            let before = self.left(first, middle, end, n);
            if self.left(first, middle, end, n.saturating_add(1)) > before {
                (end, n) = (middle, before);
            } else {
                (first, n) = (middle, n - before);
            }
        }
        (first, n)
    }

    /// How many of the first samples each source gives.
    pub fn counts(&self, samples: u64) -> Vec<u64> {
        let mut counts = vec![0; self.weights.len()];
        self.count(0, self.weights.len(), samples, &mut counts);
        counts
    }

    fn count(&self, first: usize, end: usize, n: u64, counts: &mut [u64]) {
        if end - first <= 1 {
            counts.iter_mut().skip(first).take(end - first).for_each(|count| *count = n);
            return;
        }
        let middle = first + (end - first).div_ceil(2);
        let left = self.left(first, middle, end, n);
        self.count(first, middle, left, counts);
        self.count(middle, end, n - left, counts);
    }

    /// How many of the first `n` samples of the sources `first..end` are of `first..middle`.
    fn left(&self, first: usize, middle: usize, end: usize, n: u64) -> u64 {
        let sum = |range: std::ops::Range<usize>| -> u128 {
            self.weights.get(range).unwrap_or(&[]).iter().map(|weight| u128::from(*weight)).sum()
        };
        let (left, both) = (sum(first..middle), sum(first..end));
        if both == 0 {
            return 0;
        }
        let offset = self
            .key
            .map_or(0, |key| u128::from(mixed(mixed(key as u64) ^ mixed(first as u64) ^ end as u64)) % both);
        // Weights are below 2⁴⁰ (`weights`), indices below 2⁶⁴.
        u64::try_from((u128::from(n) * left + offset) / both).unwrap_or(u64::MAX)
    }
}

/// The finalizer of SplitMix64.
fn mixed(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// What a mix is drawn from: one source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Available {
    /// Samples of one pass over it.
    pub samples: u64,
    /// Tokens of one sample, on average.
    pub tokens: f64,
}

/// Largest weight.
const LARGEST: u64 = 1 << 40;

/// The weights by which samples of a mix are drawn, in the order of its sources; shares that the language writes stay exact.
pub fn weights(dataset: &Dataset, available: &[Available]) -> Vec<u64> {
    let Mixing { weights, temperature } = mixing(dataset);
    let alike = available.windows(2).all(|pair| pair[0].tokens == pair[1].tokens);
    if temperature == 1.0
        && (alike || weights == Weights::Epochs)
        && let Some(exact) = exact(dataset, weights, available)
    {
        return exact;
    }
    let shares: Vec<f64> = dataset
        .sources
        .iter()
        .zip(available)
        .map(|(source, a)| match weights {
            Weights::Shares => source.share.as_f64(),
            Weights::Epochs => source.share.as_f64() * a.samples as f64 * a.tokens,
        })
        .collect();
    let heated: Vec<f64> = tempered(&shares, temperature)
        .into_iter()
        .zip(available)
        .map(|(share, a)| share / a.tokens.max(f64::MIN_POSITIVE))
        .collect();
    let largest = heated.iter().copied().fold(0.0, f64::max);
    let whole = |share: &f64| match *share > 0.0 {
        true => ((share / largest * LARGEST as f64).round() as u64).max(1),
        false => 0,
    };
    heated.iter().map(whole).collect()
}

/// Shares at a temperature, one together.
pub fn tempered(shares: &[f64], temperature: f64) -> Vec<f64> {
    let whole: f64 = shares.iter().sum();
    let heated: Vec<f64> = shares
        .iter()
        .map(|share| if *share > 0.0 { (share / whole).powf(1.0 / temperature) } else { 0.0 })
        .collect();
    let whole: f64 = heated.iter().sum();
    heated.into_iter().map(|share| share / whole.max(f64::MIN_POSITIVE)).collect()
}

/// How a dataset's sources are drawn from.
fn mixing(dataset: &Dataset) -> Mixing {
    dataset.mixing.unwrap_or(Mixing { weights: Weights::Shares, temperature: 1.0 })
}

/// Samples of one epoch of a mix: of every source as many as one pass over it has, or, where the mix says so, as many as its number of
/// passes.
pub fn epoch(dataset: &Dataset, available: &[Available]) -> u64 {
    let passes = |share: Share| match mixing(dataset).weights {
        Weights::Shares => Share { numerator: 1, denominator: 1 },
        Weights::Epochs => share,
    };
    let one = |(source, a): (&crate::data::Source, &Available)| {
        let passes = passes(source.share);
        let samples =
            u128::from(a.samples) * u128::from(passes.numerator) / u128::from(passes.denominator.max(1));
        u64::try_from(samples).unwrap_or(u64::MAX)
    };
    dataset.sources.iter().zip(available).map(one).fold(0, u64::saturating_add)
}

/// Whole numbers in the exact proportion; nothing if they are too large.
fn exact(dataset: &Dataset, weights: Weights, available: &[Available]) -> Option<Vec<u64>> {
    let common = dataset.sources.iter().try_fold(1u64, |all, source| {
        let denominator = source.share.denominator.max(1);
        all.checked_mul(denominator / gcd(all, denominator))
    })?;
    let one = |(source, a): (&crate::data::Source, &Available)| {
        let share = source.share.numerator.checked_mul(common / source.share.denominator.max(1))?;
        let weight = match weights {
            Weights::Shares => share,
            Weights::Epochs => share.checked_mul(a.samples)?,
        };
        Some(weight)
    };
    let all: Vec<u64> = dataset.sources.iter().zip(available).map(one).collect::<Option<_>>()?;
    let divisor = all.iter().copied().fold(0, gcd).max(1);
    let all: Vec<u64> = all.into_iter().map(|weight| weight / divisor).collect();
    all.iter().all(|weight| *weight <= LARGEST).then_some(all)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(weights: &[u64], key: Option<i64>, samples: u64) {
        let draws = Draws::new(weights.to_vec(), key).unwrap();
        let whole: u64 = weights.iter().sum();
        let bound = (weights.len() as f64).log2().ceil().max(1.0);
        let mut counts = vec![0u64; weights.len()];
        for index in 0..samples {
            let (source, before) = draws.source(index);
            // Each source gives its samples in order, none twice, none left out.
            assert_eq!(before, counts[source], "{weights:?} {index}");
            counts[source] += 1;
            for (count, weight) in counts.iter().zip(weights) {
                let due = (index + 1) as f64 * *weight as f64 / whole as f64;
                assert!((*count as f64 - due).abs() < bound, "{weights:?} after {index}: {counts:?}");
            }
            if index % 97 == 0 {
                assert_eq!(draws.counts(index + 1), counts);
            }
        }
    }

    #[test]
    fn shares_are_met_at_every_moment_and_sources_go_in_order() {
        for key in [None, Some(7), Some(-3)] {
            check(&[67, 33], key, 1_000);
            check(&[1], key, 50);
            check(&[5, 0, 3], key, 500);
            check(&[1, 1_000_000], key, 3_000);
            check(&[3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5], key, 2_000);
            check(&[LARGEST, LARGEST - 1, 1], key, 1_000);
        }
    }

    #[test]
    fn all_samples_of_all_sources_are_drawn_once_if_weights_are_their_numbers() {
        let sizes = [17, 5, 1, 40];
        for key in [None, Some(1)] {
            assert_eq!(Draws::new(sizes.to_vec(), key).unwrap().counts(sizes.iter().sum()), sizes);
        }
        assert_eq!(Draws::new(vec![0, 0], None), None);
    }

    #[test]
    fn the_first_samples_may_be_of_any_source() {
        let firsts: std::collections::BTreeSet<usize> =
            (0..200).map(|key| Draws::new(vec![9, 1, 1], Some(key)).unwrap().source(0).0).collect();
        assert_eq!(firsts.len(), 3);
        // Far beyond what any run reaches.
        let (_, before) = Draws::new(vec![LARGEST, 1], Some(0)).unwrap().source(u64::MAX - 1);
        assert!(before > u64::MAX / 2);
    }

    #[test]
    fn temperature_makes_shares_alike() {
        let close = |a: Vec<f64>, b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(close(tempered(&[0.8, 0.2], 1.0), &[0.8, 0.2]));
        assert!(close(tempered(&[8.0, 2.0], 2.0), &[2.0 / 3.0, 1.0 / 3.0]));
        assert!(close(tempered(&[1.0, 0.0], 3.0), &[1.0, 0.0]));
    }
}
