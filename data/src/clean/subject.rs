//! A document on its way through the steps.

use super::classifier::Trained;
use super::text::tally::Tally;
use super::text::words::words;
use std::ops::Range;

/// What a step says of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It stays, perhaps changed.
    Keep,
    /// It goes, by this rule.
    Drop {
        /// The rule: a few fixed words, counted in the report.
        rule: &'static str,
        /// What was found, in numbers.
        detail: String,
    },
}

impl Verdict {
    /// Drops the document if the value is above the limit.
    pub(crate) fn above(rule: &'static str, value: f64, limit: f64) -> Option<Verdict> {
        (value > limit).then(|| Verdict::Drop { rule, detail: format!("{value:.3}, at most {limit}") })
    }

    /// Drops the document if the value is below the limit.
    pub(crate) fn below(rule: &'static str, value: f64, limit: f64) -> Option<Verdict> {
        (value < limit).then(|| Verdict::Drop { rule, detail: format!("{value:.3}, at least {limit}") })
    }
}

/// One step that looks at one document at a time.
pub(crate) trait Judge: Send + Sync {
    /// Says whether the document stays, and may change it.
    fn judge(&self, subject: &mut Subject, scratch: &mut Scratch) -> Verdict;

    /// What it learned, if it had to.
    fn trained(&self) -> Option<Trained> {
        None
    }
}

/// A document and what is known of it.
#[derive(Debug)]
pub(crate) struct Subject {
    text: String,
    /// Where its words are, once somebody asked.
    words: Option<Vec<Range<usize>>>,
    /// What was changed or seen in it: (what, how often).
    pub notes: Vec<(&'static str, u64)>,
}

/// What is used again for every document of a thread.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub tally: Tally,
}

impl Subject {
    /// A document that nobody has looked at.
    pub(crate) fn new(text: String) -> Subject {
        Subject { text, words: None, notes: vec![] }
    }

    /// Its text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Gives it another text.
    pub(crate) fn set_text(&mut self, text: String) {
        self.text = text;
        self.words = None;
    }

    /// Its words; found once, whoever asks.
    pub(crate) fn words(&mut self) -> Vec<&str> {
        let text = &self.text;
        let base = text.as_ptr() as usize;
        let place = |word: &str| {
            let start = word.as_ptr() as usize - base;
            start..start + word.len()
        };
        let ranges = self.words.get_or_insert_with(|| words(text).into_iter().map(place).collect());
        ranges.iter().filter_map(|range| text.get(range.clone())).collect()
    }

    /// The text, when it is through.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_follow_the_text() {
        let mut subject = Subject::new("one two".into());
        assert_eq!(subject.words(), ["one", "two"]);
        subject.set_text("three".into());
        assert_eq!(subject.words(), ["three"]);
        assert_eq!(subject.into_text(), "three");
    }
}
