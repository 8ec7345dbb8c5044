//! Byte-pair merging: the pair that training merged first is merged first, the leftmost of equal ones.

use ahash::AHashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Words up to this length are searched from the left for every merge; longer ones need the heap, or one
/// long word would take quadratic time.
const SHORT: usize = 48;

/// The merges of a tokenizer.
#[derive(Clone, Debug, Default)]
pub(super) struct Merges(AHashMap<u64, Merge>);

/// What becomes of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Merge {
    /// When training merged it; lower is earlier.
    rank: u32,
    /// The token that it becomes.
    id: u32,
}

impl Merges {
    /// Merges in the order of their ranks: (left, right, result).
    pub(super) fn new(merges: impl Iterator<Item = (u32, u32, u32)>) -> Merges {
        let ranked = merges.zip(0u32..);
        Merges(ranked.map(|((left, right, id), rank)| (key(left, right), Merge { rank, id })).collect())
    }

    /// Merges a word of single-byte tokens as far as possible.
    pub(super) fn apply(&self, word: &mut Vec<u32>) {
        if word.len() <= SHORT { self.apply_short(word) } else { self.apply_long(word) }
    }

    fn of(&self, left: u32, right: u32) -> Option<Merge> {
        self.0.get(&key(left, right)).copied()
    }

    fn apply_short(&self, word: &mut Vec<u32>) {
        loop {
            let pairs = word.windows(2).enumerate().filter_map(|(at, pair)| match pair {
                [left, right] => self.of(*left, *right).map(|merge| (merge.rank, at, merge.id)),
                _ => None,
            });
            let Some((_, at, id)) = pairs.min() else { return };
            word.remove(at + 1);
            if let Some(slot) = word.get_mut(at) {
                *slot = id;
            }
        }
    }

    fn apply_long(&self, word: &mut Vec<u32>) {
        let mut chain = Chain::new(word);
        let mut queue: BinaryHeap<Reverse<(Merge, usize)>> = BinaryHeap::new();
        let offer = |queue: &mut BinaryHeap<_>, chain: &Chain, at: usize| {
            if let Some(merge) = chain.pair(at).and_then(|(left, right)| self.of(left, right)) {
                queue.push(Reverse((merge, at)));
            }
        };
        (0..word.len()).for_each(|at| offer(&mut queue, &chain, at));
        while let Some(Reverse((merge, at))) = queue.pop() {
            // The pair may have been changed by a merge beside it since it was queued.
            let current = chain.pair(at).and_then(|(left, right)| self.of(left, right));
            if current != Some(merge) {
                continue;
            }
            let before = chain.merge(at, merge.id);
            offer(&mut queue, &chain, at);
            if let Some(before) = before {
                offer(&mut queue, &chain, before);
            }
        }
        chain.write(word);
    }
}

fn key(left: u32, right: u32) -> u64 {
    u64::from(left) << 32 | u64::from(right)
}

/// A word as a list that shrinks without moving.
struct Chain(Vec<Link>);

#[derive(Clone, Copy)]
struct Link {
    id: u32,
    before: Option<usize>,
    after: Option<usize>,
    alive: bool,
}

impl Chain {
    fn new(word: &[u32]) -> Chain {
        let last = word.len().saturating_sub(1);
        let link = |(at, id): (usize, &u32)| Link {
            id: *id,
            before: at.checked_sub(1),
            after: (at < last).then_some(at + 1),
            alive: true,
        };
        Chain(word.iter().enumerate().map(link).collect())
    }

    /// The tokens of a link and the one after it.
    fn pair(&self, at: usize) -> Option<(u32, u32)> {
        let link = self.0.get(at).filter(|link| link.alive)?;
        Some((link.id, self.0.get(link.after?)?.id))
    }

    /// Puts one token in the place of a link and the one after it; returns the link before.
    fn merge(&mut self, at: usize, id: u32) -> Option<usize> {
        let gone = self.0.get(at)?.after?;
        let after = self.0.get(gone)?.after;
        if let Some(link) = self.0.get_mut(gone) {
            link.alive = false;
        }
        if let Some(link) = after.and_then(|a| self.0.get_mut(a)) {
            link.before = Some(at);
        }
        let link = self.0.get_mut(at)?;
        (link.id, link.after) = (id, after);
        link.before
    }

    fn write(&self, word: &mut Vec<u32>) {
        word.clear();
        word.extend(self.0.iter().filter(|link| link.alive).map(|link| link.id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Merges of the letters 0 to 3 that build on each other.
    fn merges() -> Merges {
        Merges::new([(0, 1, 4), (4, 0, 5), (2, 2, 6), (6, 6, 7), (5, 4, 8), (1, 0, 9)].into_iter())
    }

    proptest! {
        #[test]
        fn long_and_short_words_are_merged_alike(word in prop::collection::vec(0u32..4, 0..200)) {
            let (mut short, mut long) = (word.clone(), word);
            merges().apply_short(&mut short);
            merges().apply_long(&mut long);
            prop_assert_eq!(short, long);
        }
    }

    #[test]
    fn the_earliest_merge_goes_first() {
        let mut word = vec![1, 0, 1, 0];
        merges().apply(&mut word);
        assert_eq!(word, [1, 5]);
    }
}
