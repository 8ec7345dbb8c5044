//! Training samples of conversations: rows in which one lies alone, or as many as fit without seeing each other.

use super::permutation::Permutation;
use super::{IGNORED, Row};
use crate::codes::e0594;
use crate::{ConversationFile, Fault};
use regimen_base::packing;
use std::sync::Arc;

/// The samples of one split, without end: sample `i` of epoch `e` has the index `e · rows + i`.
///
/// Which conversations share a row is the same in every epoch; the order of the rows is another one. The label of a token is the token
/// after it in the same conversation, if that counts. Conversations are numbered from 1 in the `segments` of their row, and 0 is padding;
/// `positions` begin at 0 with each.
#[derive(Clone, Debug)]
pub struct Rows {
    file: ConversationFile,
    sequence: u64,
    shuffle: Option<i64>,
    layout: Arc<Layout>,
}

/// Where conversations lie.
#[derive(Debug)]
struct Layout {
    /// Position of the first token of every conversation, and of the end.
    starts: Vec<u64>,
    /// The conversations of every row, and how many labels they have.
    rows: Vec<(Vec<u32>, u64)>,
}

impl Rows {
    /// Rows of `sequence` positions; in order without a shuffle key.
    ///
    /// # Errors
    /// If no conversation fits.
    pub fn new(
        file: ConversationFile,
        sequence: u64,
        packing: bool,
        shuffle: Option<i64>,
    ) -> Result<Rows, Fault> {
        let lengths = file.lengths();
        let mut starts = vec![0];
        starts.extend(lengths.iter().scan(0, |end, length| {
            *end += length;
            Some(*end)
        }));
        let taken: Vec<u64> = lengths.iter().map(|length| packing::positions(*length)).collect();
        let laid = packing::rows(&taken, sequence, packing);
        if laid.is_empty() {
            return Err(Box::new(e0594::nothing_fits(
                file.name(),
                lengths.iter().min().copied().unwrap_or(0),
                sequence,
            )));
        }
        let labels = |conversation: &u32| {
            let at = *conversation as usize;
            let range = starts.get(at).copied().unwrap_or(0)..starts.get(at + 1).copied().unwrap_or(0);
            range.skip(1).filter(|position| file.is_label(*position)).count() as u64
        };
        let rows = laid.into_iter().map(|row| {
            let supervised = row.iter().map(labels).sum();
            (row, supervised)
        });
        let rows = rows.collect();
        Ok(Rows { layout: Arc::new(Layout { starts, rows }), file, sequence, shuffle })
    }

    /// Samples of one epoch.
    pub fn samples_per_epoch(&self) -> u64 {
        self.layout.rows.len() as u64
    }

    /// Labels of the sample with this index.
    pub fn supervised(&self, index: u64) -> u64 {
        self.row(index).map_or(0, |(_, supervised)| *supervised)
    }

    /// Writes the sample with this index. Slices of `sequence` elements are filled; empty ones are left out.
    pub fn sample(&self, index: u64, mut row: Row<'_>) {
        row.pad();
        let Row { tokens, labels, segments, positions, .. } = row;
        let mut at = 0;
        for (number, conversation) in (1..).zip(self.row(index).map_or(&[][..], |(row, _)| row)) {
            let (start, length) = self.place(*conversation);
            let end = at + length;
            if let Some(tokens) = tokens.get_mut(at..end) {
                self.file.tokens().copy(start, tokens);
            }
            if let Some(labels) = labels.get_mut(at..end) {
                self.file.tokens().copy(start + 1, labels);
                for (label, position) in labels.iter_mut().zip(start + 1..) {
                    if !self.file.is_label(position) {
                        *label = IGNORED;
                    }
                }
            }
            if let Some(segments) = segments.get_mut(at..end) {
                segments.fill(number);
            }
            if let Some(positions) = positions.get_mut(at..end) {
                (0..).zip(positions).for_each(|(position, to)| *to = position);
            }
            at = end;
        }
    }

    /// First token of a conversation in its file, and the positions that it takes.
    fn place(&self, conversation: u32) -> (u64, usize) {
        let at = |index: usize| self.layout.starts.get(index).copied().unwrap_or(0);
        let (start, end) = (at(conversation as usize), at(conversation as usize + 1));
        let length = packing::positions(end.saturating_sub(start)).min(self.sequence);
        (start, usize::try_from(length).unwrap_or(0))
    }

    fn row(&self, index: u64) -> Option<&(Vec<u32>, u64)> {
        let rows = self.samples_per_epoch();
        let (epoch, sample) = (index / rows, index % rows);
        let row = match self.shuffle {
            None => sample,
            Some(key) => Permutation::new(rows, key, epoch).at(sample),
        };
        self.layout.rows.get(usize::try_from(row).ok()?)
    }
}
