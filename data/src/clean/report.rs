//! What cleaning did, in numbers and examples: made for every part of the data, summed over all of them.

use super::classifier::Trained;
use super::quality::Quality;
use crate::clean::text::scripts::is_mostly_unspaced;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use unicode_segmentation::UnicodeSegmentation;

/// Examples that are kept of each rule.
pub const EXAMPLES: usize = 3;

/// Most characters of an example.
pub const EXCERPT: usize = 240;

/// Documents, bytes of text, and words: what stands between white space, and the words of UAX 29 where a text is mostly written without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Documents.
    pub documents: u64,
    /// Bytes of text.
    pub bytes: u64,
    /// Words.
    pub words: u64,
}

/// A text that a rule removed, and where it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// Index of its file.
    pub file: u32,
    /// Line in which it begins, from 1.
    pub line: u64,
    /// What the rule found.
    pub detail: String,
    /// The beginning of the text.
    pub text: String,
}

/// What one rule removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// How much.
    pub amount: Amount,
    /// The first of it.
    pub examples: Vec<Example>,
}

/// What one step did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// The step, as written in the language.
    pub step: String,
    /// What came to it.
    pub before: Amount,
    /// What it left.
    pub after: Amount,
    /// Documents whose text it changed.
    pub changed: u64,
    /// What each of its rules removed.
    pub rules: BTreeMap<String, Removed>,
    /// What it changed or saw, and how often.
    pub notes: BTreeMap<String, u64>,
    /// What it learned, if it had to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained: Option<Trained>,
}

/// What cleaning did to the documents of one source, or of a mix.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Name of the `data` declaration.
    pub name: String,
    /// Names of the files that documents come from; examples refer to them by index.
    pub files: Vec<String>,
    /// Whether these are the steps of all sources together.
    #[serde(default)]
    pub together: bool,
    /// What was read.
    pub before: Amount,
    /// What was left.
    pub after: Amount,
    /// Records that could not be read and were left out.
    pub broken: u64,
    /// The steps in their order.
    pub steps: Vec<StepReport>,
    /// How many documents that were read have from 2ⁿ words to less than twice as many, by n.
    pub lengths_before: BTreeMap<u32, u64>,
    /// The same of what was left.
    pub lengths_after: BTreeMap<u32, u64>,
    /// Words of what was left, by file.
    #[serde(default)]
    pub words_by_file: BTreeMap<u32, u64>,
    /// Languages of what was left, in documents that were looked at.
    pub languages: BTreeMap<String, u64>,
    /// Documents that are left and do not look like samples, by what is the matter; labels as they were read.
    #[serde(default)]
    pub checks: BTreeMap<String, Removed>,
    /// What documents were like as they were read, if there are steps.
    pub quality_before: Option<Quality>,
    /// What those are like that are left.
    pub quality_after: Quality,
}

impl Amount {
    /// Counts a text.
    pub(crate) fn of(text: &str) -> Amount {
        let words = match is_mostly_unspaced(text) {
            true => text.unicode_words().count(),
            false => text.split_whitespace().count(),
        };
        Amount { documents: 1, bytes: text.len() as u64, words: words as u64 }
    }

    /// Adds another amount.
    pub fn add(&mut self, other: Amount) {
        self.documents += other.documents;
        self.bytes += other.bytes;
        self.words += other.words;
    }
}

impl Removed {
    pub(crate) fn add(&mut self, other: Removed) {
        self.amount.add(other.amount);
        self.examples.extend(other.examples);
        self.examples.truncate(EXAMPLES);
    }

    fn count(&mut self, amount: Amount, example: impl FnOnce() -> Example) {
        self.amount.add(amount);
        if self.examples.len() < EXAMPLES {
            self.examples.push(example());
        }
    }
}

impl StepReport {
    fn add(&mut self, other: StepReport) {
        self.before.add(other.before);
        self.after.add(other.after);
        self.changed += other.changed;
        for (rule, removed) in other.rules {
            self.rules.entry(rule).or_default().add(removed);
        }
        sum(&mut self.notes, other.notes);
    }

    /// Counts a document that a rule removed.
    pub(crate) fn removed(&mut self, rule: &str, amount: Amount, example: impl FnOnce() -> Example) {
        self.rules.entry(rule.to_string()).or_default().count(amount, example);
    }
}

impl Report {
    /// Adds the report of the next part, or of a later run through the same documents. Steps that both know are summed.
    pub(crate) fn add(&mut self, other: Report) {
        self.before.add(other.before);
        self.after.add(other.after);
        self.broken += other.broken;
        for step in other.steps.into_iter().enumerate() {
            match self.steps.get_mut(step.0) {
                Some(own) => own.add(step.1),
                None => self.steps.push(step.1),
            }
        }
        sum(&mut self.lengths_before, other.lengths_before);
        sum(&mut self.lengths_after, other.lengths_after);
        sum(&mut self.languages, other.languages);
        sum(&mut self.words_by_file, other.words_by_file);
        for (check, found) in other.checks {
            self.checks.entry(check).or_default().add(found);
        }
    }

    /// Counts a document that fails a check.
    pub(crate) fn fails(&mut self, check: &str, amount: Amount, example: impl FnOnce() -> Example) {
        self.checks.entry(check.to_string()).or_default().count(amount, example);
    }

    /// The step that dropped most documents.
    pub(crate) fn worst(&self) -> Option<&StepReport> {
        self.steps.iter().max_by_key(|step| step.before.documents - step.after.documents)
    }
}

fn sum<K: Ord>(into: &mut BTreeMap<K, u64>, from: BTreeMap<K, u64>) {
    for (key, count) in from {
        *into.entry(key).or_default() += count;
    }
}

/// The class of a length: n for 2ⁿ to less than 2ⁿ⁺¹ words, 0 for none.
pub(crate) fn length_class(words: u64) -> u32 {
    words.max(1).ilog2()
}

/// The beginning of a text on one line.
pub(crate) fn excerpt(text: &str) -> String {
    let mut out: String = text.chars().take(EXCERPT).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_of_parts_are_summed_and_examples_stay_few() {
        let part = |line| {
            let mut step = StepReport { step: "gopher".into(), ..StepReport::default() };
            step.before.add(Amount::of("one two"));
            step.removed("too few words", Amount::of("one two"), || Example {
                file: 0,
                line,
                detail: String::new(),
                text: excerpt("one two"),
            });
            Report { steps: vec![step], before: Amount::of("one two"), ..Report::default() }
        };
        let mut sum = Report::default();
        (1..=5).for_each(|line| sum.add(part(line)));
        assert_eq!(sum.before, Amount { documents: 5, bytes: 35, words: 10 });
        let removed = &sum.steps[0].rules["too few words"];
        assert_eq!((removed.amount.documents, removed.examples.len()), (5, EXAMPLES));
        assert_eq!(removed.examples[2].line, 3);
        assert_eq!(Amount::of("人人生而自由。 free").words, 7);
        assert_eq!((length_class(0), length_class(1), length_class(7), length_class(8)), (0, 0, 2, 3));
    }
}
