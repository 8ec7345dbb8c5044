//! Evaluation batches: every window once, in order, the last batch filled up with samples that do not
//! count.

use super::{IGNORED, Stream};
use crate::{Fault, TokenFile};
use regimen_base::data::samples_per_epoch;

/// The evaluation batches of one split.
#[derive(Clone, Debug)]
pub struct Evaluation {
    stream: Stream,
    micro_batch: u64,
}

impl Evaluation {
    /// Batches of `micro_batch` samples of `sequence` tokens.
    ///
    /// # Errors
    /// If the split has fewer than `sequence + 1` tokens, or `sequence` is zero.
    pub fn new(tokens: TokenFile, sequence: u64, micro_batch: u64) -> Result<Evaluation, Fault> {
        Ok(Evaluation { stream: Stream::new(tokens, sequence, None)?, micro_batch: micro_batch.max(1) })
    }

    /// Number of batches: all windows over `micro_batch`, rounded up.
    pub fn batches(&self) -> u64 {
        self.stream.samples_per_epoch().div_ceil(self.micro_batch)
    }

    /// Supervised tokens of all batches together.
    pub fn supervised(&self) -> u64 {
        supervised_tokens(self.stream.samples_per_epoch(), self.stream.sequence())
    }

    /// Writes batch `index` row by row, `micro_batch · sequence` numbers each. Rows past the last window
    /// have token 0 and no label.
    pub fn batch(&self, index: u64, tokens: &mut [i64], labels: &mut [i64]) {
        let Ok(row) = usize::try_from(self.stream.sequence()) else { return };
        let rows = tokens.chunks_mut(row).zip(labels.chunks_mut(row));
        for (offset, (tokens, labels)) in rows.enumerate() {
            let sample = index.saturating_mul(self.micro_batch).saturating_add(offset as u64);
            if sample < self.stream.samples_per_epoch() {
                self.stream.sample(sample, tokens, labels);
            } else {
                tokens.fill(0);
                labels.fill(IGNORED);
            }
        }
    }
}

/// Every token of a window has a label.
fn supervised_tokens(samples: u64, sequence: u64) -> u64 {
    samples * sequence
}

/// Supervised tokens of an evaluation over a split of `tokens` tokens.
impl Evaluation {
    /// The number that [`Evaluation::supervised`] gives, from the split's facts alone.
    pub fn supervised_of(tokens: u64, sequence: u64) -> u64 {
        supervised_tokens(samples_per_epoch(tokens, sequence), sequence)
    }
}
