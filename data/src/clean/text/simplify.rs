//! A text without what does not change its meaning: case, punctuation, accents, the digits of numbers, spaces. Texts are compared
//! in this form, as CCNet and datatrove compare them.

use super::punctuation::is_separator;
use unicode_normalization::char::decompose_canonical;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// The simplified text: lower case, every number `0`, punctuation and runs of spaces one space, no combining marks.
pub(crate) fn simplify(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c.is_ascii_lowercase() {
            out.push(c);
        } else if c.is_ascii_uppercase() {
            out.push(c.to_ascii_lowercase());
        } else if is_digit(c) {
            number(&mut rest);
            out.push('0');
        } else if is_separator(c) || c.is_whitespace() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            for lower in c.to_lowercase() {
                decompose_canonical(lower, |part| {
                    if part.general_category() != GeneralCategory::NonspacingMark {
                        out.push(part);
                    }
                });
            }
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Reads the rest of a number: more digits, and once a decimal separator with digits after it.
fn number(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while rest.next_if(|c| is_digit(*c)).is_some() {}
    let mut ahead = rest.clone();
    let separated = ahead.next().is_some_and(|c| matches!(c, '.' | ',' | '،' | '٫' | '⎖' | '⎗' | '⎘'));
    if separated && ahead.next().is_some_and(is_digit) {
        *rest = ahead;
        while rest.next_if(|c| is_digit(*c)).is_some() {}
    }
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || (!c.is_ascii() && c.general_category() == GeneralCategory::DecimalNumber)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_meaning_is_left() {
        assert_eq!(simplify("  Café, 3.14 and 1,000,000 — ok?\n"), "cafe 0 and 0 0 ok");
        assert_eq!(simplify("Don't!"), "don t");
        assert_eq!(simplify("٣٫١٤ ١"), "0 0");
        assert_eq!(simplify("..."), "");
    }
}
