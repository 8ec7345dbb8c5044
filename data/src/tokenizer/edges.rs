//! How tokens lie in words and sentences.

use super::Tokenize;

/// How a token lies in words and sentences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edges {
    /// Whether it can go on with the word before it.
    pub goes_on: bool,
    /// Whether a word can go on after it.
    pub left_open: bool,
    /// Whether a sentence may end with it.
    pub ends: bool,
}

impl Edges {
    /// Whether a word goes on from one token to the next.
    pub fn join(before: Edges, after: Edges) -> bool {
        before.left_open && after.goes_on
    }
}

/// Every token of a vocabulary. WordPiece marks those that go on with a word; others mark the space before one, or hold it.
pub fn edges(tokenizer: &dyn Tokenize) -> Vec<Edges> {
    let ids = 0..u32::try_from(tokenizer.vocab()).unwrap_or(u32::MAX);
    let pieces: Vec<String> = ids.map(|id| tokenizer.piece(id)).collect();
    let rest = |piece: &str| piece.strip_prefix("##").is_some_and(|rest| !rest.is_empty());
    let marked = pieces.iter().any(|piece| rest(piece));
    let of = |piece: &String| Edges {
        goes_on: if marked { rest(piece) } else { piece.chars().next().is_some_and(in_word) },
        left_open: piece.chars().next_back().is_some_and(in_word),
        ends: ends_sentence(piece),
    };
    pieces.iter().map(of).collect()
}

/// How vocabularies write a space, a line's end and a tabulator.
const WRITTEN: [char; 3] = ['\u{120}', '\u{10a}', '\u{109}'];

/// Whether a character stands in words. How vocabularies write white space looks like letters.
fn in_word(c: char) -> bool {
    (c.is_alphanumeric() || c == '\'') && !WRITTEN.contains(&c)
}

/// A full stop, a question or exclamation mark, or the end of a line; quotes and brackets may follow.
fn ends_sentence(piece: &str) -> bool {
    if piece.contains(['\n', WRITTEN[1]]) {
        return true;
    }
    let after = |c: char| c.is_whitespace() || WRITTEN.contains(&c) || "\"')]»”’".contains(c);
    piece.trim_end_matches(after).ends_with(['.', '!', '?', '。', '！', '？'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fault;

    #[derive(Debug)]
    struct Pieces(&'static [&'static str]);

    impl Tokenize for Pieces {
        fn kind(&self) -> &'static str {
            "test"
        }
        fn encode(&self, _: &str) -> Result<Vec<u32>, Fault> {
            Ok(vec![])
        }
        fn decode(&self, ids: &[u32]) -> String {
            ids.iter().map(|id| self.0[*id as usize]).collect()
        }
        fn vocab(&self) -> u64 {
            self.0.len() as u64
        }
        fn end_of_text(&self) -> u32 {
            0
        }
        fn to_json(&self) -> String {
            String::new()
        }
    }

    #[test]
    fn vocabularies_say_where_words_begin_in_their_own_ways() {
        let go_on = |pieces: &'static [&'static str]| -> Vec<bool> {
            edges(&Pieces(pieces)).iter().map(|e| e.goes_on).collect()
        };
        assert_eq!(go_on(&["play", "##ing", "ball", "."]), [false, true, false, false]);
        assert_eq!(go_on(&["\u{120}play", "ing", "."]), [false, true, false]);
        assert_eq!(go_on(&["\u{2581}play", "ing", "."]), [false, true, false]);
        assert_eq!(go_on(&[" play", "ing", "."]), [false, true, false]);
    }

    #[test]
    fn sentences_end_with_marks_and_lines() {
        let ends: Vec<bool> = edges(&Pieces(&[".", "?\"", "a.", "\u{10a}", "\n\n", ",", "a", ".a"]))
            .iter()
            .map(|e| e.ends)
            .collect();
        assert_eq!(ends, [true, true, true, true, true, false, false, false]);
    }
}
