//! Training samples: windows of the token stream in a keyed order.

use super::permutation::{Permutation, hash};
use crate::codes::e0558;
use crate::{Fault, TokenFile};
use regimen_base::data::samples_per_epoch;

/// The samples of one split, without end: sample `i` of epoch `e` has the index `e · samples + i`.
///
/// The tokens are cut into windows of `sequence` tokens; the label of a token is the token after it. When
/// shuffled, each epoch begins its first window at a random offset below `sequence`, so that the cuts
/// fall elsewhere, and takes the windows in a random order; the window that then reaches past the end goes
/// on at the beginning, which is one more boundary between two documents. In one epoch no token is an
/// input twice, and fewer than `sequence + 1` are left out; in another epoch these are others.
#[derive(Clone, Debug)]
pub struct Stream {
    tokens: TokenFile,
    sequence: u64,
    samples: u64,
    shuffle: Option<i64>,
}

impl Stream {
    /// Samples of `sequence` tokens; in order without a shuffle key.
    ///
    /// # Errors
    /// If the split has fewer than `sequence + 1` tokens, or `sequence` is zero.
    pub fn new(tokens: TokenFile, sequence: u64, shuffle: Option<i64>) -> Result<Stream, Fault> {
        let samples = samples_per_epoch(tokens.tokens(), sequence);
        if samples == 0 {
            return Err(Box::new(e0558::split_too_short(tokens.name(), tokens.tokens(), sequence)));
        }
        Ok(Stream { tokens, sequence, samples, shuffle })
    }

    /// Tokens of a sample.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Samples of one epoch.
    pub fn samples_per_epoch(&self) -> u64 {
        self.samples
    }

    /// Tokens of the split.
    pub fn tokens(&self) -> u64 {
        self.tokens.tokens()
    }

    /// Position of a sample's first token in the split.
    pub fn position(&self, index: u64) -> u64 {
        self.start(index) % self.tokens.tokens()
    }

    /// Writes the sample with this index: its tokens, and for each the token after it. Both slices should
    /// have `sequence` elements; of shorter ones, the rest of the sample is left out.
    pub fn sample(&self, index: u64, tokens: &mut [i64], labels: &mut [i64]) {
        let start = self.start(index);
        self.copy(start, tokens);
        self.copy(start + 1, labels);
    }

    /// Position of the sample's first token; it may lie past the end, which stands for the beginning.
    fn start(&self, index: u64) -> u64 {
        let (epoch, sample) = (index / self.samples, index % self.samples);
        match self.shuffle {
            None => sample * self.sequence,
            Some(key) => {
                let window = Permutation::new(self.samples, key, epoch).at(sample);
                window * self.sequence + phase(key, epoch, self.sequence)
            }
        }
    }

    /// Copies tokens from a position on, going on at the beginning after the end.
    fn copy(&self, position: u64, to: &mut [i64]) {
        let length = to.len().min(usize::try_from(self.sequence).unwrap_or(usize::MAX));
        let mut to = to.get_mut(..length).unwrap_or(&mut []);
        let mut position = position % self.tokens.tokens();
        while !to.is_empty() {
            let copied = self.tokens.copy(position, to);
            if copied == 0 {
                return;
            }
            to = to.get_mut(copied..).unwrap_or(&mut []);
            position = 0;
        }
    }
}

/// The offset of the first window in an epoch, below `sequence`.
pub(super) fn phase(key: i64, epoch: u64, sequence: u64) -> u64 {
    // The constant keeps this stream of numbers apart from the permutation's.
    hash(hash(hash(key as u64) ^ epoch) ^ 0x7068_6173_6500_0000) % sequence
}
