//! GPT-2's words: a contraction, or letters, digits or signs with at most one space before them, or white
//! space, of which the last character goes to the word that follows.

use crate::Fault;
use crate::codes::e0559;
use regex::Regex;

/// Cuts text into words. Together they are the text.
#[derive(Clone, Debug)]
pub(super) struct Words(Regex);

/// GPT-2's pattern without its look-ahead, which [`Words::each`] does by hand: so that the search takes
/// linear time.
const PATTERN: &str = r"'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+";

impl Words {
    pub(super) fn new() -> Result<Words, Fault> {
        let compiled = Regex::new(PATTERN);
        compiled.map(Words).map_err(|e| Box::new(e0559::bad_tokenizer_file("byte-level BPE", &e.to_string())))
    }

    /// Calls `take` with every word.
    pub(super) fn each<'t>(&self, text: &'t str, mut take: impl FnMut(&'t str)) {
        let mut from = 0;
        while let Some(found) = self.0.find_at(text, from) {
            let word = found.as_str();
            let word = if found.end() < text.len() { leave_last_space(word) } else { word };
            take(word);
            from = found.start() + word.len();
        }
    }
}

/// White space before a visible character gives its last character away, unless it has only one.
fn leave_last_space(word: &str) -> &str {
    let mut characters = word.char_indices();
    match characters.next_back() {
        Some((at, last)) if at > 0 && last.is_whitespace() => word.get(..at).unwrap_or(word),
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_gpt2s() {
        let words = Words::new().unwrap();
        let mut found = Vec::new();
        words.each("I'll say:  'twas\n\n 3 times \u{A0}ça  ", |word| found.push(word));
        assert_eq!(
            found,
            ["I", "'ll", " say", ":", " ", " '", "twas", "\n\n", " 3", " times", " ", "\u{A0}", "ça", "  "]
        );
    }
}
