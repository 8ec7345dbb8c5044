//! How conversations fill rows: the compiler counts them so, the data engine lays them so.
//!
//! The last token of a conversation is nobody's input, so a conversation of n tokens takes n − 1 positions. One that is longer than a row
//! is left out: half a conversation would teach that answers stop in the middle.

use crate::data::Length;
use std::collections::BTreeMap;

/// What comes of laying the conversations of a split into rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// Rows: samples of one epoch.
    pub rows: u64,
    /// Conversations in them.
    pub conversations: u64,
    /// Positions that these take; the rest is padding.
    pub positions: u64,
    /// Labels in them.
    pub supervised: u64,
    /// Conversations that are left out.
    pub too_long: u64,
}

/// Counts the rows of `sequence` positions that conversations of these lengths fill.
pub fn filled(lengths: &[Length], sequence: u64, packing: bool) -> Filled {
    let mut filled = Filled::default();
    let mut taken = vec![];
    for length in lengths {
        let positions = positions(length.tokens);
        if positions > sequence {
            filled.too_long += length.conversations;
            continue;
        }
        filled.conversations += length.conversations;
        filled.positions += positions * length.conversations;
        filled.supervised += length.supervised;
        if packing {
            taken.extend((0..length.conversations).map(|_| positions));
        }
    }
    filled.rows = if packing { pack(&taken, sequence).len() as u64 } else { filled.conversations };
    filled
}

/// Positions of a conversation of so many tokens.
pub fn positions(tokens: u64) -> u64 {
    tokens.saturating_sub(1)
}

/// Which of the conversations that take so many positions lie in each row, without those that are too long.
pub fn rows(taken: &[u64], sequence: u64, packing: bool) -> Vec<Vec<u32>> {
    match packing {
        true => pack(taken, sequence),
        false => (0u32..).zip(taken).filter(|(_, taken)| **taken <= sequence).map(|(i, _)| vec![i]).collect(),
    }
}

/// Best fit, longest first: each conversation goes where it leaves the least room. Equal ones are taken in their order, so the result
/// is always the same.
fn pack(taken: &[u64], sequence: u64) -> Vec<Vec<u32>> {
    let mut order: Vec<(u64, u32)> =
        taken.iter().copied().zip(0u32..).filter(|(t, _)| *t <= sequence).collect();
    order.sort_unstable_by_key(|(taken, index)| (std::cmp::Reverse(*taken), *index));
    let mut rows: Vec<Vec<u32>> = vec![];
    // Rows by the room that is left in them.
    let mut open: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (taken, index) in order {
        let (room, row) = best(&mut open, taken).unwrap_or_else(|| {
            rows.push(vec![]);
            (sequence, rows.len() - 1)
        });
        if let Some(members) = rows.get_mut(row) {
            members.push(index);
        }
        if room > taken {
            open.entry(room - taken).or_default().push(row);
        }
    }
    rows
}

/// Takes out the row with the least room that suffices.
fn best(open: &mut BTreeMap<u64, Vec<usize>>, needed: u64) -> Option<(u64, usize)> {
    let room = *open.range(needed..).next()?.0;
    let rows = open.get_mut(&room)?;
    let row = rows.pop()?;
    if rows.is_empty() {
        open.remove(&room);
    }
    Some((room, row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_conversation_that_fits_lies_in_one_row() {
        let taken: Vec<u64> = (0..500).map(|i| 1 + (i * 37) % 90).collect();
        let sequence = 64;
        let rows = rows(&taken, sequence, true);
        let mut seen: Vec<u32> = rows.iter().flatten().copied().collect();
        seen.sort_unstable();
        let fitting: Vec<u32> =
            (0u32..).zip(&taken).filter(|(_, t)| **t <= sequence).map(|(i, _)| i).collect();
        assert_eq!(seen, fitting);
        let used = |row: &Vec<u32>| row.iter().map(|i| taken[*i as usize]).sum::<u64>();
        assert!(rows.iter().all(|row| used(row) <= sequence));
        let all: u64 = rows.iter().map(used).sum();
        // No two rows could be one.
        let mut rooms: Vec<u64> = rows.iter().map(used).collect();
        rooms.sort_unstable();
        assert!(rooms[0] + rooms[1] > sequence, "{rooms:?}");
        assert!(all as f64 / (rows.len() as u64 * sequence) as f64 > 0.97);
    }

    #[test]
    fn counting_and_laying_agree() {
        let lengths = [(5, 7), (9, 3), (30, 2), (70, 1)].map(|(tokens, conversations)| Length {
            tokens,
            conversations,
            supervised: 2 * conversations,
        });
        for packing in [false, true] {
            let taken: Vec<u64> =
                lengths.iter().flat_map(|l| vec![positions(l.tokens); l.conversations as usize]).collect();
            let found = filled(&lengths, 32, packing);
            assert_eq!(found.rows, rows(&taken, 32, packing).len() as u64);
            let expected = (12, 7 * 4 + 3 * 8 + 2 * 29, 24, 1);
            assert_eq!((found.conversations, found.positions, found.supervised, found.too_long), expected);
        }
    }
}
