//! Training samples in which documents do not see each other.

use super::{IGNORED, Row, Stream};

/// The samples of a stream, with the document that each token belongs to. There is no padding: a document that a sample's end cuts goes on in
/// another sample, where its piece is a text of its own.
#[derive(Clone, Debug)]
pub struct Documents {
    stream: Stream,
    /// The last token of each document.
    end_of_text: i64,
}

impl Documents {
    /// Samples of a stream whose documents end with this token.
    pub fn new(stream: Stream, end_of_text: u32) -> Documents {
        Documents { stream, end_of_text: i64::from(end_of_text) }
    }

    /// Writes the sample with this index. Documents are numbered from 1 in `segments`, and `positions` begin at 0 with each. The last token of
    /// a document has no label: the next one's first does not follow from it.
    pub fn sample(&self, index: u64, row: Row<'_>) {
        let Row { tokens, labels, segments, positions, .. } = row;
        self.stream.sample(index, tokens, labels);
        let (mut number, mut position) = (1, 0);
        let places = segments.iter_mut().zip(positions.iter_mut());
        for ((token, label), (segment, place)) in tokens.iter().zip(labels.iter_mut()).zip(places) {
            (*segment, *place) = (number, position);
            position += 1;
            if *token == self.end_of_text {
                *label = IGNORED;
                (number, position) = (number + 1, 0);
            }
        }
    }

    /// Labels of the sample with this index.
    pub fn supervised(&self, index: u64) -> u64 {
        let length = usize::try_from(self.stream.sequence()).unwrap_or(0);
        let (mut tokens, mut labels) = (vec![0; length], vec![0; length]);
        self.stream.sample(index, &mut tokens, &mut labels);
        tokens.iter().filter(|token| **token != self.end_of_text).count() as u64
    }
}
