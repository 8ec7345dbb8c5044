//! Reads the escapes of a string.

use crate::scan::CURLY_QUOTES;
use std::ops::Range;

/// The text between the quotes of `raw` with its escapes read, and the ranges of `raw` that are not escapes
/// of the language (kept in the text as they are). Strings between other quotes are taken as they are.
pub fn unescape(raw: &str) -> (String, Vec<Range<usize>>) {
    let Some(inner) = raw.strip_prefix('"') else {
        return (raw.trim_matches('\'').trim_matches(CURLY_QUOTES).to_owned(), vec![]);
    };
    let (mut text, mut wrong, mut at) = (String::with_capacity(inner.len()), vec![], 0);
    while let Some(c) = inner[at..].chars().next() {
        match c {
            '"' => break,
            '\\' => match escape(&inner[at..]) {
                Ok((meaning, length)) => {
                    text.push(meaning);
                    at += length;
                }
                Err(length) => {
                    text.push_str(&inner[at..at + length]);
                    wrong.push(at + 1..at + 1 + length);
                    at += length;
                }
            },
            c => {
                text.push(c);
                at += c.len_utf8();
            }
        }
    }
    (text, wrong)
}

/// The character that the escape at the start of `rest` means and its length, or the length of what is not
/// an escape.
fn escape(rest: &str) -> Result<(char, usize), usize> {
    let Some(letter) = rest[1..].chars().next() else { return Err(1) };
    let meaning = match letter {
        '"' => '"',
        '\\' => '\\',
        'n' => '\n',
        't' => '\t',
        'u' => return unicode_escape(rest),
        _ => return Err(1 + letter.len_utf8()),
    };
    Ok((meaning, 2))
}

/// `\u{1F600}`: one to six hexadecimal digits that name a character.
fn unicode_escape(rest: &str) -> Result<(char, usize), usize> {
    let Some(digits) = rest[2..].strip_prefix('{') else { return Err(2) };
    let length = digits.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(digits.len());
    if !digits[length..].starts_with('}') {
        return Err(3 + length);
    }
    let code = u32::from_str_radix(&digits[..length], 16).ok();
    code.and_then(char::from_u32).map(|c| (c, length + 4)).ok_or(length + 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read() {
        assert_eq!(unescape(r#""a\"b\\c\n\t\u{e9}\u{1F600}""#).0, "a\"b\\c\n\té😀");
    }

    #[test]
    fn wrong_escapes_are_found_and_kept() {
        let raw = r#""a\qb\u{}\u{110000}\u12\ü""#;
        let (text, wrong) = unescape(raw);
        let wrong: Vec<&str> = wrong.into_iter().map(|range| &raw[range]).collect();
        assert_eq!(wrong, [r"\q", r"\u{}", r"\u{110000}", r"\u", r"\ü"]);
        assert_eq!(text, r"a\qb\u{}\u{110000}\u12\ü");
    }

    #[test]
    fn a_string_without_its_quote_ends_with_the_text() {
        assert_eq!(unescape("\"abc"), ("abc".to_owned(), vec![]));
        let (text, wrong) = unescape("\"abc\\");
        assert_eq!((text.as_str(), wrong.len(), wrong.first().cloned()), ("abc\\", 1, Some(4..5)));
    }
}
