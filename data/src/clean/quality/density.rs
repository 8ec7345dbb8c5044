//! How much a text says: the share of words with meaning, and how much of it is left when it is compressed.

use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::io::Write;

/// Most bytes of a document that are compressed, from its beginning.
const COMPRESSED: usize = 64 << 10;

/// English words that say how others belong together.
const FUNCTION_WORDS: &[&str] = &[
    "a",
    "about",
    "above",
    "after",
    "again",
    "against",
    "all",
    "also",
    "am",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "because",
    "been",
    "before",
    "being",
    "below",
    "between",
    "both",
    "but",
    "by",
    "can",
    "cannot",
    "could",
    "did",
    "do",
    "does",
    "doing",
    "don",
    "down",
    "during",
    "each",
    "few",
    "for",
    "from",
    "further",
    "had",
    "has",
    "have",
    "having",
    "he",
    "her",
    "here",
    "hers",
    "herself",
    "him",
    "himself",
    "his",
    "how",
    "i",
    "if",
    "in",
    "into",
    "is",
    "it",
    "its",
    "itself",
    "just",
    "let",
    "may",
    "me",
    "might",
    "more",
    "most",
    "must",
    "my",
    "myself",
    "no",
    "nor",
    "not",
    "now",
    "of",
    "off",
    "on",
    "once",
    "only",
    "or",
    "other",
    "ought",
    "our",
    "ours",
    "ourselves",
    "out",
    "over",
    "own",
    "same",
    "shall",
    "she",
    "should",
    "so",
    "some",
    "such",
    "than",
    "that",
    "the",
    "their",
    "theirs",
    "them",
    "themselves",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "through",
    "to",
    "too",
    "under",
    "until",
    "up",
    "upon",
    "us",
    "very",
    "was",
    "we",
    "were",
    "what",
    "when",
    "where",
    "which",
    "while",
    "who",
    "whom",
    "whose",
    "why",
    "will",
    "with",
    "would",
    "you",
    "your",
    "yours",
    "yourself",
    "yourselves",
];

/// Words of an English text with a letter in them, and how many of them are no function words (Ure's lexical density, 1971).
pub(super) fn content(words: &[&str]) -> (u64, u64) {
    let mut found = (0, 0);
    for word in words.iter().filter(|word| word.chars().any(char::is_alphabetic)) {
        found.0 += 1;
        let lower = word.to_ascii_lowercase();
        found.1 += u64::from(
            FUNCTION_WORDS.binary_search(&lower.as_str()).is_err() && !lower.starts_with(['\'', '’']),
        );
    }
    found
}

/// Bytes of a text, 64 KiB of it at most, and what DEFLATE makes of them.
pub(super) fn compressed(text: &str) -> (u64, u64) {
    let bytes = text.as_bytes();
    let bytes = bytes.get(..COMPRESSED).unwrap_or(bytes);
    let mut encoder = DeflateEncoder::new(Counter(0), Compression::new(6));
    // Counting cannot fail.
    let _ = encoder.write_all(bytes);
    (bytes.len() as u64, encoder.finish().map_or(0, |counter| counter.0))
}

/// Counts what is written.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn function_words_are_sorted_and_repetition_says_little() {
        assert!(FUNCTION_WORDS.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(content(&["The", "library", "of", "Alexandria", ",", "it", "'s", "burnt"]), (7, 3));
        let (whole, packed) = compressed(&"again and again ".repeat(1_000));
        assert_eq!(whole, 16_000);
        assert!(packed < 200, "{packed}");
        assert_eq!(compressed(""), (0, 2));
    }
}
