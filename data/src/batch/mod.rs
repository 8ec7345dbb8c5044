//! Samples from token files. Everything here is a function of the sample's index, so that position in the
//! data is one number in a checkpoint, and layout, batch size and threads cannot change the order.

mod compared;
mod documents;
mod evaluation;
mod labelled;
mod mixed;
mod pairs;
mod permutation;
mod prefetch;
mod rows;
mod stream;

pub use compared::{Compared, ComparedSample, PairLayout};
pub use documents::Documents;
pub use evaluation::Evaluation;
pub use labelled::Labelled;
pub use mixed::{Mixed, Of};
pub use pairs::{Pair, Pairs};
pub use permutation::Permutation;
pub use prefetch::{Batch, Prefetch};
pub use rows::Rows;
pub use stream::Stream;

/// Where a sample is written, each of `sequence` elements; `segments`, `positions` and `types` may be empty where nobody asks for them.
#[derive(Debug)]
pub struct Row<'a> {
    /// Ids of tokens.
    pub tokens: &'a mut [i64],
    /// The label of each.
    pub labels: &'a mut [i64],
    /// Number of the text that each belongs to, from 1; 0 is padding.
    pub segments: &'a mut [i64],
    /// Its place in that text.
    pub positions: &'a mut [i64],
    /// Of pairs of texts, which of them each token belongs to, from 0.
    pub types: &'a mut [i64],
}

impl Row<'_> {
    /// Makes all of it padding without labels.
    pub fn pad(&mut self) {
        self.tokens.fill(0);
        self.labels.fill(IGNORED);
        self.segments.fill(0);
        self.positions.fill(0);
        self.types.fill(0);
    }
}

/// The label of a position that is not supervised, as libtorch's cross-entropy has it.
pub const IGNORED: i64 = -100;

/// Writes a mark, if there is one and room for it; returns how many were written.
fn put(tokens: &mut [i64], at: usize, mark: Option<u32>) -> usize {
    match (tokens.get_mut(at), mark) {
        (Some(slot), Some(id)) => {
            *slot = i64::from(id);
            1
        }
        _ => 0,
    }
}
