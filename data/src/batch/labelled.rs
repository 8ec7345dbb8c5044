//! Samples of a labelled dataset: each record is one, with the marks of the model around its text.

use super::permutation::Permutation;
use super::put;
use crate::codes::e0571;
use crate::{Fault, TokenFile};
use regimen_base::data::Marks;

/// The records of one split, without end: record `i` of epoch `e` has the index `e · records + i`.
#[derive(Clone, Debug)]
pub struct Labelled {
    tokens: TokenFile,
    /// Where each record's tokens begin, and where the last one's end.
    begins: Vec<u64>,
    classes: Vec<u32>,
    marks: Marks,
    shuffle: Option<i64>,
}

impl Labelled {
    /// Records with these marks around their texts; in order without a shuffle key.
    ///
    /// # Errors
    /// If the two files do not belong together.
    pub fn new(
        tokens: TokenFile,
        records: &TokenFile,
        marks: Marks,
        shuffle: Option<i64>,
    ) -> Result<Labelled, Fault> {
        let (mut begins, mut classes, mut end) = (vec![0], vec![], 0u64);
        let mut record = [0; 2];
        for place in (0..records.tokens()).step_by(2) {
            records.copy(place, &mut record);
            end += record[0] as u64;
            begins.push(end);
            classes.push(record[1] as u32);
        }
        if end != tokens.tokens() || classes.is_empty() {
            let why = format!("its records have {end} tokens, the file has {}", tokens.tokens());
            return Err(Box::new(e0571::bad_token_file(tokens.name(), &why)));
        }
        Ok(Labelled { tokens, begins, classes, marks, shuffle })
    }

    /// Records of the split.
    pub fn records(&self) -> u64 {
        self.classes.len() as u64
    }

    /// Writes the sample with this index: its text between the marks, cut where it is too long, then padding. Returns how many tokens
    /// are no padding, and the class.
    pub fn sample(&self, index: u64, tokens: &mut [i64]) -> (usize, u32) {
        let (epoch, place) = (index / self.records(), index % self.records());
        let record = self.shuffle.map_or(place, |key| Permutation::new(self.records(), key, epoch).at(place));
        let record = record as usize;
        let begin = self.begins.get(record).copied().unwrap_or(0);
        let length = self.begins.get(record + 1).map_or(0, |end| end - begin) as usize;
        let text = length.min(tokens.len().saturating_sub(self.marks.around() as usize));
        tokens.fill(i64::from(self.marks.padding.unwrap_or(0)));
        let mut filled = put(tokens, 0, self.marks.begin);
        filled += self.tokens.copy(begin, tokens.get_mut(filled..filled + text).unwrap_or(&mut []));
        filled += put(tokens, filled, self.marks.end);
        (filled, self.classes.get(record).copied().unwrap_or(0))
    }
}
