//! Training samples of two texts, the second of which follows the first in its document or comes from another one
//! (next-sentence prediction, Devlin et al., arXiv 1810.04805, appendix A.2).

use super::permutation::{Permutation, hash};
use super::stream::phase;
use super::{IGNORED, Row};
use crate::codes::{e0558, e0599};
use crate::tokenizer::Edges;
use crate::{Fault, TokenFile};
use regimen_base::data::samples_per_epoch;
use regimen_base::schedule::PairForm;
use std::sync::Arc;

/// The samples of one split, without end: sample `i` of epoch `e` has the index `e · samples + i`.
///
/// An epoch is as many samples as running text of the same `sequence` gives. Each begins at a window of the token stream in a keyed order: of
/// a short document the sample holds all, of a long one what follows the window's first sentence. That is divided where a sentence ends,
/// where there is none at the end of a word; half of the samples then have another text, as long, from anywhere in another document, in
/// place of the second. Both begin with sentences, so that nothing but the content tells the two apart.
#[derive(Clone, Debug)]
pub struct Pairs {
    tokens: TokenFile,
    /// First token of each document with two tokens or more, and the one after its last.
    documents: Arc<Vec<(u64, u64)>>,
    edges: Arc<Vec<Edges>>,
    sequence: u64,
    samples: u64,
    shuffle: Option<i64>,
    form: PairForm,
}

/// What is known of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// What its random choices depend on: the index, or the window if every epoch makes the same choices.
    pub identity: u64,
    /// Tokens that are no padding.
    pub length: usize,
    /// 0 if the second text follows the first, 1 if it is another, as transformers has it.
    pub label: i64,
}

/// Random numbers of one sample.
struct Draws(u64);

impl Draws {
    /// A number below `n`, uniform up to one part in 2⁶⁴ / n.
    fn below(&mut self, n: u64) -> u64 {
        self.0 = hash(self.0);
        ((u128::from(self.0) * u128::from(n)) >> 64) as u64
    }
}

/// Tokens that stand around two texts: one before, one after each.
const MARKS: u64 = 3;

impl Pairs {
    /// Samples of `sequence` tokens. The file is read once, to find its documents, which take 16 bytes of memory each. `edges` say where
    /// words and sentences end.
    ///
    /// # Errors
    /// If the tokens are not enough for one sample, or there are fewer than two documents of two tokens.
    pub fn new(
        tokens: TokenFile,
        sequence: u64,
        shuffle: Option<i64>,
        form: PairForm,
        edges: Arc<Vec<Edges>>,
    ) -> Result<Pairs, Fault> {
        let samples = samples_per_epoch(tokens.tokens(), sequence);
        if samples == 0 || sequence < MARKS + 2 {
            return Err(Box::new(e0558::split_too_short(tokens.name(), tokens.tokens(), sequence)));
        }
        let documents = documents(&tokens, form.end_of_text);
        if documents.len() < 2 {
            return Err(Box::new(e0599::no_other_document(tokens.name(), documents.len())));
        }
        let documents = Arc::new(documents);
        Ok(Pairs { tokens, documents, edges, sequence, samples, shuffle, form })
    }

    /// Samples of one epoch.
    pub fn samples_per_epoch(&self) -> u64 {
        self.samples
    }

    /// Whether every epoch has the same pairs.
    pub fn is_fixed(&self) -> bool {
        self.form.fixed
    }

    /// Writes a sample: tokens, and into `types` 1 for those of the second text, the mark after it included; `segments` are 1 up to the
    /// padding, and no token has a label yet.
    pub fn sample(&self, index: u64, row: Row<'_>) -> Pair {
        let Row { tokens, labels, segments, types, .. } = row;
        let (identity, anchor) = self.place(index);
        let mut draws = Draws(hash(self.form.key as u64) ^ hash(identity));
        let own = self.document_at(anchor);
        let text = self.text(own, anchor);
        let split = self.split(&text, &mut draws);
        let (first, follows) = text.split_at(split);
        let other = draws.below(2) == 1;
        let second = if other { self.other(own, follows.len(), &mut draws) } else { follows.to_vec() };
        let mark = |id: u32| std::iter::once(i64::from(id));
        let ends = || mark(self.form.end);
        let before = mark(self.form.begin).chain(first.iter().copied()).chain(ends()).map(|token| (token, 0));
        let after = second.iter().copied().chain(ends()).map(|token| (token, 1));
        tokens.fill(i64::from(self.form.padding));
        labels.fill(IGNORED);
        segments.fill(0);
        types.fill(0);
        let mut length = 0;
        for (at, (token, kind)) in before.chain(after).enumerate().take(tokens.len()) {
            length = at + 1;
            for (to, value) in [(&mut *tokens, token), (&mut *segments, 1), (&mut *types, kind)] {
                if let Some(slot) = to.get_mut(at) {
                    *slot = value;
                }
            }
        }
        Pair { identity, length, label: i64::from(other) }
    }

    /// What a sample's choices depend on, and where its window begins.
    fn place(&self, index: u64) -> (u64, u64) {
        let (epoch, sample) = (index / self.samples, index % self.samples);
        let window = match self.shuffle {
            None => sample,
            Some(key) => Permutation::new(self.samples, key, epoch).at(sample),
        };
        let identity = if self.form.fixed { window } else { index };
        let offset = match self.shuffle {
            Some(key) if !self.form.fixed => phase(key, epoch, self.sequence),
            _ => 0,
        };
        (identity, (window * self.sequence + offset) % self.tokens.tokens())
    }

    /// Number of the document that a position lies in, or of the next one.
    fn document_at(&self, position: u64) -> usize {
        let found = self.documents.partition_point(|(_, end)| *end <= position);
        if found < self.documents.len() { found } else { 0 }
    }

    fn read(&self, start: u64, length: u64) -> Vec<i64> {
        let mut text = vec![0; length as usize];
        let copied = self.tokens.copy(start, &mut text);
        text.truncate(copied);
        text
    }

    /// Two tokens or more of a document: all, or as many as fit from a position on.
    fn text(&self, document: usize, position: u64) -> Vec<i64> {
        let (start, end) = self.documents.get(document).copied().unwrap_or((0, 0));
        let room = self.sequence - MARKS;
        if end - start <= room {
            return self.read(start, end - start);
        }
        let begin = position.clamp(start, end - room);
        let begin = self.begins(begin, room / 2, (start, end));
        self.read(begin, room.min(end - begin))
    }

    /// The first place from `position` on, less than `within` tokens away, where a sentence begins; else the last before it; else where a word
    /// begins; else the position.
    fn begins(&self, position: u64, within: u64, (start, end): (u64, u64)) -> u64 {
        if position <= start {
            return start;
        }
        let from = position.saturating_sub(within).max(start + 1);
        let seen = self.read(from - 1, within.min(end - position) + position - from + 1);
        let places = |fits: &dyn Fn(&[i64]) -> bool| -> Vec<u64> {
            seen.windows(2).zip(from..).filter(|(two, _)| fits(two)).map(|(_, at)| at).collect()
        };
        let near = |places: &[u64]| places.iter().find(|at| **at >= position).or(places.last()).copied();
        let sentence = near(&places(&|two| self.ends_sentence(two)));
        sentence.or_else(|| near(&places(&|two| self.ends_word(two)))).unwrap_or(position)
    }

    /// Where a text is divided: after one token at least, before one at least.
    fn split(&self, text: &[i64], draws: &mut Draws) -> usize {
        let places = |fits: &dyn Fn(&[i64]) -> bool| -> Vec<usize> {
            text.windows(2).enumerate().filter(|(_, two)| fits(two)).map(|(at, _)| at + 1).collect()
        };
        let mut found = places(&|two| self.ends_sentence(two));
        if found.is_empty() {
            found = places(&|two| self.ends_word(two));
        }
        let count = if found.is_empty() { text.len().saturating_sub(1) } else { found.len() };
        let drawn = draws.below(count.max(1) as u64) as usize;
        found.get(drawn).copied().unwrap_or(drawn + 1)
    }

    /// A text of another document, of so many tokens or all that there are from where it begins.
    fn other(&self, own: usize, length: usize, draws: &mut Draws) -> Vec<i64> {
        let drawn = draws.below(self.documents.len() as u64 - 1) as usize;
        let document = drawn + usize::from(drawn >= own);
        let (start, end) = self.documents.get(document).copied().unwrap_or((0, 0));
        let length = length as u64;
        if end - start <= length {
            return self.read(start, end - start);
        }
        let drawn = start + draws.below(end - start - length + 1);
        let begin = self.begins(drawn, self.sequence, (start, end));
        self.read(begin, length.min(end - begin))
    }

    fn edges_of(&self, token: i64) -> Edges {
        usize::try_from(token).ok().and_then(|id| self.edges.get(id)).copied().unwrap_or_default()
    }

    fn ends_word(&self, two: &[i64]) -> bool {
        matches!(two, [a, b] if !Edges::join(self.edges_of(*a), self.edges_of(*b)))
    }

    fn ends_sentence(&self, two: &[i64]) -> bool {
        // What goes on without a space is no new sentence: "3.14".
        matches!(two, [a, b] if self.edges_of(*a).ends && !self.edges_of(*b).ends && !self.edges_of(*b).goes_on)
    }
}

/// Documents of two tokens or more.
fn documents(tokens: &TokenFile, end_of_text: u32) -> Vec<(u64, u64)> {
    let (mut found, mut start, mut position) = (vec![], 0, 0);
    let mut block = vec![0; 1 << 16];
    let mut add = |start: u64, end: u64| {
        if end >= start + 2 {
            found.push((start, end));
        }
    };
    loop {
        let copied = tokens.copy(position, &mut block);
        if copied == 0 {
            break;
        }
        for (token, at) in block.iter().take(copied).zip(position..) {
            if *token == i64::from(end_of_text) {
                add(start, at);
                start = at + 1;
            }
        }
        position += copied as u64;
    }
    add(start, position);
    found
}
