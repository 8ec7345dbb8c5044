//! A pseudo-random order of any number of things that takes no memory.
//!
//! A balanced Feistel network permutes the numbers of an even number of bits; numbers outside the range are
//! sent through again until they fall inside (cycle walking), which leaves a permutation of the range. The
//! domain is less than four times the range, so four rounds of walking suffice on average.

/// A keyed permutation of `0..n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permutation {
    n: u64,
    /// Bits of one half.
    half: u32,
    keys: [u64; ROUNDS],
}

/// Four rounds make a Feistel network hard to tell from chance with large halves; small halves need more.
const ROUNDS: usize = 8;

impl Permutation {
    /// The permutation of `0..n` that belongs to a key and an epoch.
    pub fn new(n: u64, key: i64, epoch: u64) -> Permutation {
        let bits = 64 - n.saturating_sub(1).leading_zeros();
        let mut state = hash(hash(key as u64) ^ epoch);
        let keys = std::array::from_fn(|_| {
            state = hash(state);
            state
        });
        Permutation { n, half: bits.div_ceil(2).max(1), keys }
    }

    /// Where `index` goes; indices outside `0..n` stay where they are.
    pub fn at(&self, index: u64) -> u64 {
        if index >= self.n {
            return index;
        }
        let mut place = self.network(index);
        while place >= self.n {
            place = self.network(place);
        }
        place
    }

    fn network(&self, value: u64) -> u64 {
        let mask = (1u64 << self.half) - 1;
        let (mut left, mut right) = (value >> self.half, value & mask);
        for key in self.keys {
            (left, right) = (right, left ^ (hash(right ^ key) & mask));
        }
        left << self.half | right
    }
}

/// The finalizer of SplitMix64: every bit of the input changes half the bits of the output.
pub(super) fn hash(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_place_is_taken_once(n in 0u64..3000, key: i64, epoch: u64) {
            let permutation = Permutation::new(n, key, epoch);
            let mut places: Vec<u64> = (0..n).map(|i| permutation.at(i)).collect();
            places.sort_unstable();
            prop_assert_eq!(places, (0..n).collect::<Vec<_>>());
        }

        #[test]
        fn large_ranges_stay_inside_and_collide_never(n in 1u64 << 32.., key: i64, start: u64) {
            let permutation = Permutation::new(n, key, 0);
            let start = start % (n - 1000);
            let places: std::collections::BTreeSet<u64> =
                (start..start + 1000).map(|i| permutation.at(i)).collect();
            prop_assert_eq!(places.len(), 1000);
            prop_assert!(places.into_iter().all(|p| p < n));
        }
    }

    #[test]
    fn epochs_and_keys_have_orders_of_their_own() {
        let order = |key, epoch| {
            let permutation = Permutation::new(1000, key, epoch);
            (0..1000).map(|i| permutation.at(i)).collect::<Vec<_>>()
        };
        assert_ne!(order(1, 0), order(1, 1));
        assert_ne!(order(1, 0), order(2, 0));
        assert_eq!(order(1, 1), order(1, 1));
    }

    #[test]
    fn every_element_is_equally_often_first() {
        // 4,000 epochs over 8 elements: 500 expected each, standard deviation 21.
        let mut counts = [0u32; 8];
        for epoch in 0..4000 {
            counts[Permutation::new(8, 42, epoch).at(0) as usize] += 1;
        }
        assert!(counts.iter().all(|c| (390..610).contains(c)), "{counts:?}");
    }
}
