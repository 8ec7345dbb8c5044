//! Special tokens in rendered text.

use super::mark::GUARD;
use crate::tokenizer::Tokenize;
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

/// Special tokens of a tokenizer.
pub(super) fn of(tokenizer: &dyn Tokenize) -> Vec<Special> {
    let json: Value = serde_json::from_str(&tokenizer.to_json()).unwrap_or_default();
    let added = json.get("added_tokens").and_then(Value::as_array).cloned().unwrap_or_default();
    let one = |token: &Value| {
        let flag = |key: &str| token.get(key).and_then(Value::as_bool).unwrap_or(false);
        let content = token.get("content").and_then(Value::as_str).filter(|content| !content.is_empty())?;
        let id = u32::try_from(token.get("id")?.as_u64()?).ok()?;
        let strips = [flag("lstrip"), flag("rstrip")];
        flag("special").then(|| Special { content: content.to_owned(), id, strips })
    };
    added.iter().filter_map(one).collect()
}

/// The text with a guard inside everything that looks like a special token.
pub(super) fn guarded(text: &str, special: &[Special]) -> String {
    let mut text = text.replace(super::mark::is, "");
    for Special { content, .. } in special {
        if text.contains(content.as_str()) {
            let first = content.chars().next().map_or(0, char::len_utf8);
            let (begin, end) = content.split_at(first);
            text = text.replace(content.as_str(), &format!("{begin}{GUARD}{end}"));
        }
    }
    text
}

/// The first special token at `from` or later, of several at one place the longest; white space that it takes with it is not part of
/// the range.
pub(super) fn first<'s>(
    text: &str,
    from: usize,
    special: &'s [Special],
) -> Option<(Range<usize>, &'s Special)> {
    let rest = text.get(from..)?;
    let found = special.iter().filter_map(|s| Some((from + rest.find(s.content.as_str())?, s)));
    let (at, special) = found.min_by_key(|(at, s)| (*at, std::cmp::Reverse(s.content.len())))?;
    Some((at..at + special.content.len(), special))
}

/// The text divided at its special tokens.
pub(super) fn divided(text: &str, special: &[Special]) -> Vec<Part> {
    let mut parts = vec![];
    let mut from = 0;
    while from < text.len() {
        let found = first(text, from, special);
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
        let part = |part: &Part| match part {
            Part::Text(range) => text[range.clone()].to_owned(),
            Part::Special(id, _) => format!("#{id}"),
        };
        divided(text, special).iter().map(part).collect()
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
        let known = [special("<e>", 1, [false; 2])];
        let guarded = guarded("a<e>b", &known);
        assert_eq!(divided(&guarded, &known), [Part::Text(0..guarded.len())]);
        assert_eq!(guarded.replace(GUARD, ""), "a<e>b");
    }
}
