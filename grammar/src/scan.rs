//! Cuts a text into tokens, without grammar: for the checks of single tokens, for messages about text that
//! did not parse, and for the formatter's comments. Agrees with `exp.pest` on comments and strings.

use crate::words::is_name_char;

/// What separates tokens on one line; `\r` so that line ends of Windows mean the same.
pub const BLANKS: [char; 3] = [' ', '\t', '\r'];

/// Quotes that word processors write; text between two of them is one token.
pub const CURLY_QUOTES: [char; 3] = ['\u{201C}', '\u{201D}', '\u{201E}'];

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// `layers`, `not`
    Word,
    /// `50_304`, `6e-4`, `10B`: begins with a digit.
    Number,
    /// `"…"`
    Text {
        /// Whether the closing quote is on the same line.
        closed: bool,
    },
    /// `'…'` on one line.
    SingleQuoted,
    /// `# …`, without the line break.
    Comment,
    /// `// …` or `/* … */`: not of this language.
    ForeignComment,
    /// A line break.
    Newline,
    /// An operator or a sign; its text says which.
    Sign,
    /// `{`, `[`, `(`
    Open,
    /// `}`, `]`, `)`
    Close,
    /// Characters that have no meaning here.
    Unknown,
}

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// Its first byte.
    pub start: usize,
    /// Its characters.
    pub text: &'a str,
}

impl Token<'_> {
    /// The first byte after it.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The tokens of `text`; blanks are left out.
pub fn tokens(text: &str) -> Tokens<'_> {
    let at = if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
    Tokens { text, at }
}

/// Iterator over the tokens of a text.
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let rest = self.text.get(self.at..)?;
        let token = rest.trim_start_matches(BLANKS);
        let start = self.at + rest.len() - token.len();
        let first = token.chars().next()?;
        let (kind, length) = token_at(token, first);
        self.at = start + length;
        Some(Token { kind, start, text: &token[..length] })
    }
}

fn token_at(rest: &str, first: char) -> (TokenKind, usize) {
    match first {
        '\n' => (TokenKind::Newline, 1),
        '#' => (TokenKind::Comment, line_length(rest)),
        '"' => text_token(rest),
        '\'' => single_quoted(rest),
        c if CURLY_QUOTES.contains(&c) => (TokenKind::Unknown, curly_quoted(rest)),
        '{' | '[' | '(' => (TokenKind::Open, 1),
        '}' | ']' | ')' => (TokenKind::Close, 1),
        '/' if rest.starts_with("//") => (TokenKind::ForeignComment, line_length(rest)),
        '/' if rest.starts_with("/*") => (TokenKind::ForeignComment, block_comment(rest)),
        c if c.is_ascii_digit() => (TokenKind::Number, number_length(rest)),
        c if is_name_char(c) => (TokenKind::Word, while_length(rest, is_name_char)),
        _ => match sign_length(rest) {
            0 => (TokenKind::Unknown, while_length(rest, is_unknown).max(first.len_utf8())),
            length => (TokenKind::Sign, length),
        },
    }
}

fn while_length(rest: &str, holds: impl Fn(char) -> bool) -> usize {
    rest.find(|c| !holds(c)).unwrap_or(rest.len())
}

/// Up to the end of the line, without blanks there.
fn line_length(rest: &str) -> usize {
    rest.split('\n').next().unwrap_or(rest).trim_end_matches(BLANKS).len()
}

fn block_comment(rest: &str) -> usize {
    let line = rest.split('\n').next().unwrap_or(rest);
    line[2..].find("*/").map_or(line_length(rest), |at| at + 4)
}

fn text_token(rest: &str) -> (TokenKind, usize) {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return (TokenKind::Text { closed: false }, rest[..at].trim_end_matches(BLANKS).len()),
            '"' if !escaped => return (TokenKind::Text { closed: true }, at + 1),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    (TokenKind::Text { closed: false }, rest.trim_end_matches(BLANKS).len())
}

fn single_quoted(rest: &str) -> (TokenKind, usize) {
    match rest[1..].find(['\'', '\n']) {
        Some(at) if rest[1 + at..].starts_with('\'') => (TokenKind::SingleQuoted, at + 2),
        _ => (TokenKind::Unknown, 1),
    }
}

fn curly_quoted(rest: &str) -> usize {
    let quote = CURLY_QUOTES[0].len_utf8();
    let is_end = |c: char| c == '\n' || CURLY_QUOTES.contains(&c);
    match rest[quote..].find(is_end) {
        Some(at) if !rest[quote + at..].starts_with('\n') => quote + at + quote,
        _ => quote,
    }
}

fn number_length(rest: &str) -> usize {
    let mut length = while_length(rest, |c| is_name_char(c) || c == '.');
    let exponent = rest[..length].ends_with(['e', 'E']) && rest[length..].starts_with(['+', '-']);
    if exponent {
        length += 1;
        length += while_length(&rest[length..], is_name_char);
    }
    length
}

const LONG_SIGNS: [&str; 13] =
    ["===", "!==", "<=", ">=", "==", "!=", "=>", "=<", "<>", ":=", "&&", "||", "**"];
const SIGNS: &str = "=<>+-*/^:,.$%!&|";

fn sign_length(rest: &str) -> usize {
    let long = LONG_SIGNS.iter().find(|sign| rest.starts_with(**sign)).map(|sign| sign.len());
    long.unwrap_or(usize::from(rest.starts_with(|c| SIGNS.contains(c))))
}

fn is_unknown(c: char) -> bool {
    !c.is_ascii_alphanumeric()
        && !" \t\r\n#\"'{}[]()_".contains(c)
        && !SIGNS.contains(c)
        && !"\u{201C}\u{201D}\u{201E}\u{2018}\u{2019}\u{2212}\u{2013};".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        tokens(source).map(|t| t.text).collect()
    }

    #[test]
    fn tokens_of_an_entry() {
        assert_eq!(
            texts("lr = 6e-4, x<=76 GiB # why \n"),
            ["lr", "=", "6e-4", ",", "x", "<=", "76", "GiB", "# why", "\n"]
        );
    }

    #[test]
    fn strings_end_at_their_quote_or_their_line() {
        assert_eq!(texts(r#""a \" # b" c"#), [r#""a \" # b""#, "c"]);
        assert_eq!(texts("\"open \n x"), ["\"open", "\n", "x"]);
        assert_eq!(texts(r#""\\" x"#), [r#""\\""#, "x"]);
    }

    #[test]
    fn every_character_is_in_some_token() {
        for c in (0u8..128).map(char::from).chain("é“”’−–\u{a0}\u{FEFF}".chars()) {
            let source = format!("a{c}b");
            let joined: String = texts(&source).concat();
            assert!(joined.contains('a') && joined.contains('b'), "{c:?}: {joined:?}");
        }
    }
}
