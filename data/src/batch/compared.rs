//! Samples of preferences: two texts each, the prompt with the chosen answer and with the rejected one.

use super::permutation::Permutation;
use crate::codes::{e0571, e0594};
use crate::{Fault, TokenFile};
use regimen_base::data::Marks;

/// How pairs lie in samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairLayout {
    /// Tokens of each text.
    pub sequence: u64,
    /// Tokens around each text, and the one that fills it up.
    pub marks: Marks,
    /// Whether records say by how much an answer is better.
    pub margins: bool,
}

/// The pairs of one split whose texts both fit, without end: pair `i` of epoch `e` has the index `e · pairs + i`.
#[derive(Clone, Debug)]
pub struct Compared {
    tokens: TokenFile,
    pairs: Vec<Record>,
    marks: Marks,
    shuffle: Option<i64>,
}

/// A pair of texts.
#[derive(Clone, Copy, Debug)]
struct Record {
    /// Position of its first token.
    begin: u64,
    /// Tokens of the prompt, the chosen answer and the rejected one.
    lengths: [u32; 3],
    margin: f32,
}

/// What a sample is, beside its tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ComparedSample {
    /// How many tokens of the chosen and of the rejected text are no padding.
    pub lengths: [usize; 2],
    /// By how much the chosen answer is better; 0 where that is not said.
    pub margin: f32,
}

impl Compared {
    /// Pairs laid so; in order without a shuffle key.
    ///
    /// # Errors
    /// If the two files do not belong together, or no pair fits.
    pub fn new(
        tokens: TokenFile,
        records: &TokenFile,
        layout: PairLayout,
        shuffle: Option<i64>,
    ) -> Result<Compared, Fault> {
        let PairLayout { sequence, marks, margins } = layout;
        let (mut pairs, mut begin, mut shortest) = (vec![], 0u64, u64::MAX);
        let mut record = [0; 4];
        let numbers = if margins { 4 } else { 3 };
        for place in (0..records.tokens()).step_by(numbers) {
            records.copy(place, record.get_mut(..numbers).unwrap_or(&mut []));
            let [prompt, chosen, rejected, margin] = record.map(|number| number as u32);
            let margin = if margins { f32::from_bits(margin) } else { 0.0 };
            let longest = u64::from(prompt) + u64::from(chosen.max(rejected)) + marks.around();
            shortest = shortest.min(longest);
            if longest <= sequence {
                pairs.push(Record { begin, lengths: [prompt, chosen, rejected], margin });
            }
            begin += u64::from(prompt) + u64::from(chosen) + u64::from(rejected);
        }
        if begin != tokens.tokens() || records.tokens() == 0 {
            let why = format!("its records have {begin} tokens, the file has {}", tokens.tokens());
            return Err(Box::new(e0571::bad_token_file(tokens.name(), &why)));
        }
        if pairs.is_empty() {
            return Err(Box::new(e0594::no_pair_fits(tokens.name(), shortest, sequence)));
        }
        Ok(Compared { tokens, pairs, marks, shuffle })
    }

    /// Pairs of one epoch.
    pub fn pairs(&self) -> u64 {
        self.pairs.len() as u64
    }

    /// Writes the two texts of the sample with this index, each between the marks, then padding.
    pub fn sample(&self, index: u64, texts: [&mut [i64]; 2]) -> ComparedSample {
        let (epoch, place) = (index / self.pairs(), index % self.pairs());
        let place = self.shuffle.map_or(place, |key| Permutation::new(self.pairs(), key, epoch).at(place));
        let none = Record { begin: 0, lengths: [0; 3], margin: 0.0 };
        let Record { begin, lengths, margin } = self.pairs.get(place as usize).copied().unwrap_or(none);
        let [prompt, chosen, rejected] = lengths.map(|length| length as usize);
        let first = begin + prompt as u64;
        let answers = [(first, chosen), (first + chosen as u64, rejected)];
        let [to_chosen, to_rejected] = texts;
        let write = |to: &mut [i64], (answer, length)| self.text(to, &[(begin, prompt), (answer, length)]);
        ComparedSample { lengths: [write(to_chosen, answers[0]), write(to_rejected, answers[1])], margin }
    }

    /// Writes parts of the token file between the marks, and padding behind; says where that begins.
    fn text(&self, to: &mut [i64], parts: &[(u64, usize)]) -> usize {
        to.fill(i64::from(self.marks.padding.unwrap_or(0)));
        let mut at = super::put(to, 0, self.marks.begin);
        for (position, length) in parts {
            at += self.tokens.copy(*position, to.get_mut(at..at + length).unwrap_or(&mut []));
        }
        at + super::put(to, at, self.marks.end)
    }
}
