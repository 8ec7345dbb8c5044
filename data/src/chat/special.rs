//! Special tokens in rendered text.

use super::mark::GUARD;
use crate::tokenizer::Tokenize;
use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::Value;
use std::ops::Range;

/// A special token as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Special {
    pub content: String,
    pub id: u32,
    /// Whether it takes the white space before it, or after it, with it.
    pub strips: [bool; 2],
}

/// A part of a text, and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(Range<usize>),
    Special(u32, Range<usize>),
}

/// All special tokens of a tokenizer. However many there are, a text is looked through once.
#[derive(Clone, Debug, Default)]
pub(super) struct Specials {
    all: Vec<Special>,
    /// Finds the first of them, of several at one place the longest; none if there are none.
    first: Option<AhoCorasick>,
}

impl Specials {
    /// Those of a tokenizer.
    pub(super) fn of(tokenizer: &dyn Tokenize) -> Specials {
        let json: Value = serde_json::from_str(&tokenizer.to_json()).unwrap_or_default();
        let added = json.get("added_tokens").and_then(Value::as_array).cloned().unwrap_or_default();
        let one = |token: &Value| {
            let flag = |key: &str| token.get(key).and_then(Value::as_bool).unwrap_or(false);
            let content =
                token.get("content").and_then(Value::as_str).filter(|content| !content.is_empty())?;
            let id = u32::try_from(token.get("id")?.as_u64()?).ok()?;
            let strips = [flag("lstrip"), flag("rstrip")];
            flag("special").then(|| Special { content: content.to_owned(), id, strips })
        };
        Specials::new(added.iter().filter_map(one).collect())
    }

    fn new(all: Vec<Special>) -> Specials {
        let patterns = all.iter().map(|special| special.content.as_bytes());
        // A searcher of a few hundred short texts is far from the sizes that the crate refuses.
        let first = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(patterns).ok();
        Specials { first: first.filter(|_| !all.is_empty()), all }
    }

    /// The text with a guard inside everything that looks like a special token.
    pub(super) fn guarded(&self, text: &str) -> String {
        let mut text = text.replace(super::mark::is, "");
        let mut from = 0;
        // One token may begin inside another: after each guard, looking goes on at the character behind it.
        while let Some((range, _)) = self.first(&text, from) {
            let begins =
                text.get(range.start..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
            text.insert(range.start + begins, GUARD);
            from = range.start + begins + GUARD.len_utf8();
        }
        text
    }

    /// The first special token at `from` or later, of several at one place the longest; white space that it takes with it is not part
    /// of the range.
    pub(super) fn first(&self, text: &str, from: usize) -> Option<(Range<usize>, &Special)> {
        let found = self.first.as_ref()?.find(text.get(from..)?)?;
        let special = self.all.get(found.pattern().as_usize())?;
        Some((from + found.start()..from + found.end(), special))
    }

    /// The text divided at its special tokens.
    pub(super) fn divided(&self, text: &str) -> Vec<Part> {
        let mut parts = vec![];
        let mut from = 0;
        while from < text.len() {
            let found = self.first(text, from);
            let end = found.as_ref().map_or(text.len(), |(range, s)| {
                if s.strips[0] { from + trimmed_end(text, from..range.start) } else { range.start }
            });
            if end > from {
                parts.push(Part::Text(from..end));
            }
            let Some((range, token)) = found else { break };
            from = range.end;
            if token.strips[1] {
                let rest = text.get(from..).unwrap_or_default();
                from += rest.len() - rest.trim_start().len();
            }
            parts.push(Part::Special(token.id, range));
        }
        parts
    }
}

/// Bytes of a range of the text without white space at its end.
fn trimmed_end(text: &str, range: Range<usize>) -> usize {
    text.get(range).unwrap_or_default().trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn special(content: &str, id: u32, strips: [bool; 2]) -> Special {
        Special { content: content.to_owned(), id, strips }
    }

    fn shown(text: &str, special: &[Special]) -> Vec<String> {
        let special = Specials::new(special.to_vec());
        let part = |part: &Part| match part {
            Part::Text(range) => text[range.clone()].to_owned(),
            Part::Special(id, _) => format!("#{id}"),
        };
        special.divided(text).iter().map(part).collect()
    }

    #[test]
    fn the_longest_of_the_first_special_tokens_divides() {
        let known =
            [special("<e>", 1, [false; 2]), special("<e>x", 2, [false; 2]), special("<s>", 3, [false; 2])];
        assert_eq!(shown("<s>a <e>x<e> b", &known), ["#3", "a ", "#2", "#1", " b"]);
    }

    #[test]
    fn special_tokens_take_the_white_space_beside_them_where_the_tokenizer_says_so() {
        let known = [special("<l>", 1, [true, false]), special("<r>", 2, [false, true])];
        assert_eq!(shown("a \n<l> b <r>\n c", &known), ["a", "#1", " b ", "#2", "c"]);
        assert_eq!(shown(" <l>", &known), ["#1"]);
    }

    #[test]
    fn guarded_letters_divide_nothing() {
        let known = Specials::new(
            [("<e>", 1), ("e><", 2), ("<<", 3)].map(|(text, id)| special(text, id, [false; 2])).to_vec(),
        );
        for text in ["a<e>b", "<e><e>", "<<<e>", "<<<<", "none"] {
            let guarded = known.guarded(text);
            assert_eq!(known.divided(&guarded), [Part::Text(0..guarded.len())], "{text}");
            assert_eq!(guarded.replace(GUARD, ""), text);
        }
        assert_eq!(Specials::default().divided("<e>"), [Part::Text(0..3)]);
    }
}
