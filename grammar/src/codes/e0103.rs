//! E0103: a character that has no meaning here.

use super::excerpt;
use crate::scan::CURLY_QUOTES;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0103"),
    title: "unexpected character",
    page: r#"Outside strings and comments only ASCII letters, digits and the signs of the language have a meaning. Characters that come
from a word processor or a web page (curly quotes, long dashes, no-break spaces) look right and are not. Lines end in a line feed, with or without
a carriage return before it; carriage returns alone, as old Macs wrote them, would make the whole file one line.

Wrong:

```exp
let floor = 3 ;
```

Right:

```exp
let floor = 3
```
"#,
};

/// A run of characters without meaning.
pub fn unexpected_character(span: Span, found: &str) -> Diagnostic {
    let first = found.chars().next().unwrap_or(' ');
    let between = found.trim_matches(CURLY_QUOTES);
    if found.starts_with(CURLY_QUOTES) && !between.is_empty() {
        return curly_quotes(span, found, between);
    }
    let message = Diagnostic::error(PAGE.code, format!("{} has no meaning here", described(found)));
    match look_alike(first) {
        Some((why, "")) => message.at(span, why).help("Remove it.").fix("remove it", span, ""),
        Some((why, right)) => message
            .at(span, why)
            .help(format!("Write `{right}` instead."))
            .fix(format!("write `{right}`"), span, right),
        None if first.is_alphanumeric() => message
            .at(span, "")
            .because("Names are made of ASCII letters, digits and underscores, so that they can be typed anywhere.")
            .help("Spell the name with ASCII letters, or put the text between double quotes."),
        None => message
            .at(span, "")
            .help("Remove it, or put it between double quotes if it is part of a text.")
            .fix("remove it", span, ""),
    }
}

/// Lines that end in carriage returns alone.
pub fn lone_return(span: Span) -> Diagnostic {
    Diagnostic::error(PAGE.code, "a line ends in a carriage return alone (U+000D)")
        .at(span, "no line feed follows")
        .because("Lines end in a line feed; without one the file is a single line, and a comment takes all that follows.")
        .help("Save the file with line feeds (LF) or with carriage returns and line feeds (CRLF).")
}

fn curly_quotes(span: Span, found: &str, between: &str) -> Diagnostic {
    let right = format!("\"{}\"", between.replace('\\', "\\\\").replace('"', "\\\""));
    Diagnostic::error(PAGE.code, format!("`{}` stands between curly quotes", excerpt(found)))
        .at(span, "texts stand between straight double quotes")
        .help(format!("Write `{}`.", excerpt(&right)))
        .fix("use straight quotes", span, right)
}

/// What a character was probably meant to be.
fn look_alike(c: char) -> Option<(&'static str, &'static str)> {
    match c {
        '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{AB}' | '\u{BB}' => Some(("a curly quote", "\"")),
        '\u{2018}' | '\u{2019}' | '`' | '\'' => Some(("texts stand between double quotes", "\"")),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some(("a dash or a minus of another alphabet", "-")),
        '\u{D7}' => Some(("a multiplication sign", "*")),
        '\u{F7}' => Some(("a division sign", "/")),
        '\u{2264}' => Some(("this comparison is written with two characters", "<=")),
        '\u{2265}' => Some(("this comparison is written with two characters", ">=")),
        '\u{2260}' => Some(("this comparison is written with two characters", "!=")),
        '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{3000}' => {
            Some(("a space that is not an ordinary one", " "))
        }
        '\u{200B}'..='\u{200F}' | '\u{FEFF}' | '\u{2060}' => Some(("an invisible character", "")),
        ';' => Some(("a line break or a comma ends a setting", "")),
        _ => None,
    }
}

/// The characters as a reader can see them.
fn described(found: &str) -> String {
    let first = found.chars().next().unwrap_or(' ');
    let visible = !first.is_control()
        && !first.is_whitespace()
        && !matches!(first, '\u{200B}'..='\u{200F}' | '\u{FEFF}' | '\u{2060}');
    match visible {
        true => format!("`{}`", excerpt(found)),
        false => format!("the character U+{:04X}", u32::from(first)),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, fixed, only};

    #[test]
    fn look_alikes_are_replaced() {
        assert_eq!(fixed("let a = 1 \u{2212} 2"), "let a = 1 - 2");
        assert_eq!(fixed("let a =\u{a0}1"), "let a = 1");
        assert_eq!(fixed("budget b { memory \u{2264} 1 GiB }"), "budget b { memory <= 1 GiB }");
        assert_eq!(fixed("let a = 1;"), "let a = 1");
    }

    #[test]
    fn curly_quotes_become_straight() {
        assert_eq!(fixed("let a = \u{201C}b/*.txt\u{201D} # c"), "let a = \"b/*.txt\" # c");
        assert_eq!(codes("let a = \u{201C}b"), ["E0103"]);
    }

    #[test]
    fn invisible_characters_are_named() {
        assert!(only("let a\u{200b} = 1").title.contains("U+200B"));
        assert_eq!(fixed("let a\u{200b} = 1"), "let a = 1");
    }

    #[test]
    fn lines_of_old_macs_are_refused() {
        assert_eq!(codes("# a comment\rlet a = \rlet b = 1\r"), ["E0103"]);
        assert!(diagnostics("# a comment\r\nlet a = 1\r\n\r").is_empty());
    }

    #[test]
    fn several_are_several() {
        assert_eq!(codes("let a = 1 @\nlet b = 2 ?"), ["E0103", "E0103"]);
    }

    #[test]
    fn a_byte_order_mark_at_the_start_is_fine() {
        assert!(diagnostics("\u{FEFF}let a = 1").is_empty());
    }
}
