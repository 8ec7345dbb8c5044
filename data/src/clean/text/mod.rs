//! What rules ask of a text: its words, sentences and lines, and what is left of it when only meaning counts.

pub(crate) mod lines;
pub(crate) mod punctuation;
pub(crate) mod scripts;
pub(crate) mod simplify;
pub(crate) mod tally;
pub(crate) mod words;

/// Length in characters (Unicode code points).
pub(crate) fn characters(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}
