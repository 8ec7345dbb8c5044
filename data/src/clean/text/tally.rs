//! Counting hashes, many small counts one after the other: a table that is emptied without touching it.

/// Counts of 64-bit hashes.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Hash, round in which the slot was filled, count.
    slots: Vec<(u64, u32, u32)>,
    round: u32,
    filled: usize,
}

impl Tally {
    /// Forgets everything and makes room for so many different hashes.
    pub(crate) fn clear(&mut self, room: usize) {
        let size = (room.max(8) * 2).next_power_of_two();
        if self.slots.len() < size || self.round == u32::MAX {
            self.slots = vec![(0, 0, 0); size.max(self.slots.len())];
            self.round = 0;
        }
        self.round += 1;
        self.filled = 0;
    }

    /// Counts a hash; how often it was counted before.
    pub(crate) fn count(&mut self, hash: u64) -> u32 {
        let mask = self.slots.len().wrapping_sub(1);
        // More than half full would be slow, completely full would never end: then nothing is new.
        if self.filled * 4 > self.slots.len() * 3 {
            return 0;
        }
        let mut at = (hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & mask;
        while let Some(slot) = self.slots.get_mut(at) {
            if slot.1 != self.round {
                *slot = (hash, self.round, 1);
                self.filled += 1;
                return 0;
            }
            if slot.0 == hash {
                slot.2 += 1;
                return slot.2 - 1;
            }
            at = (at + 1) & mask;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_forgets() {
        let mut tally = Tally::default();
        tally.clear(1_000);
        let counts: Vec<u32> = (0..2_000u64).map(|i| tally.count(i % 1_000)).collect();
        assert!(counts.iter().take(1_000).all(|c| *c == 0));
        assert!(counts.iter().skip(1_000).all(|c| *c == 1));
        tally.clear(10);
        assert_eq!(tally.count(5), 0);
        assert_eq!((tally.count(5), tally.count(5)), (1, 2));
    }
}
