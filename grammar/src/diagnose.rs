//! Finds the words for text that did not parse: looks at its tokens and at what stands before it.

use crate::codes;
use crate::scan::{Token, TokenKind, tokens};
use crate::words;
use regimen_base::{Diagnostic, FileId, Span};

/// Where skipped text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At top level, in the place of an item.
    File,
    /// After a complete item, on its line.
    Item,
    /// After the condition of an assertion.
    Assert,
    /// In a body, in the place of an entry.
    Body,
    /// After the value of an entry.
    Entry,
    /// Among the elements of a list.
    List,
    /// Among the arguments of a call.
    Arguments,
    /// Inside parentheses.
    Parens,
    /// In a value given on the command line.
    Input {
        /// Whether something could be read before it.
        has_value: bool,
    },
}

/// Whether the text at `span` begins with this sign.
pub fn begins_with_sign(text: &str, span: Span, sign: &str) -> bool {
    Skipped::new(text, span).first().is_some_and(|t| t.kind == TokenKind::Sign && t.text == sign)
}

/// Whether `text` looks like `key = value`.
pub fn is_setting(text: &str) -> bool {
    let mut tokens = tokens(text).filter(|t| t.text != "." && t.kind != TokenKind::Comment);
    let first = tokens.next().filter(|t| t.kind == TokenKind::Word);
    let sign = tokens.find(|t| t.kind != TokenKind::Word);
    first.is_some_and(|t| {
        !matches!(t.text, "let" | "import" | "assert") && words::nearest_item(t.text).is_none()
    }) && sign.is_some_and(|t| matches!(t.text, "=" | "<=" | ">="))
        && !words::ITEMS.contains(&first.map_or("", |t| t.text))
}

/// What to say about skipped text.
pub fn skipped(text: &str, span: Span, place: Place) -> Diagnostic {
    let skipped = Skipped::new(text, span);
    let said = match place {
        Place::File => skipped.item(),
        Place::Body => skipped.entry(),
        Place::Input { has_value: false } => {
            skipped.first().map(|t| codes::e0114::not_a_value(skipped.at(&t), t.text))
        }
        _ => skipped.after_value(place),
    };
    said.unwrap_or_else(|| codes::e0122::unexpected(span, skipped.source(), place))
}

/// What to say where a value is missing after `owner`, with what stands there instead.
pub fn missing_value(text: &str, owner: Span, rest: Option<Span>) -> Diagnostic {
    let written = text.get(owner.range()).unwrap_or("").to_owned();
    let Some(rest) = rest else { return codes::e0114::nothing_after(owner, &written) };
    let skipped = Skipped::new(text, rest);
    match skipped.first() {
        Some(t) if t.kind == TokenKind::Word && words::is_keyword(t.text) => {
            codes::e0116::keyword_as_value(skipped.at(&t), t.text)
        }
        Some(t) if t.text == "+" => codes::e0115::prefix_plus(skipped.at(&t)),
        Some(t) => codes::e0114::instead(skipped.at(&t), t.text, &written),
        None => codes::e0114::nothing_after(owner, &written),
    }
}

/// What to say where the name after `kind` is missing.
pub fn missing_name(text: &str, kind: &str, item: Span, rest: Option<Span>) -> Diagnostic {
    let named = rest.and_then(|rest| Skipped::new(text, rest).strange_name());
    named.unwrap_or_else(|| codes::e0120::no_name(item, kind))
}

/// What to say about a name with signs in it, such as `my-width`.
pub fn strange_name(text: &str, span: Span) -> Option<Diagnostic> {
    Skipped::new(text, span).strange_name()
}

struct Skipped<'a> {
    text: &'a str,
    span: Span,
    /// The first tokens; more are never needed.
    tokens: Vec<Token<'a>>,
}

impl<'a> Skipped<'a> {
    fn new(text: &'a str, span: Span) -> Skipped<'a> {
        let source = text.get(span.range()).unwrap_or("");
        let significant =
            tokens(source).filter(|t| !matches!(t.kind, TokenKind::Comment | TokenKind::Newline));
        Skipped { text, span, tokens: significant.take(8).collect() }
    }

    fn source(&self) -> &'a str {
        self.text.get(self.span.range()).unwrap_or("")
    }

    fn before(&self) -> &'a str {
        self.text.get(..self.span.start as usize).unwrap_or("")
    }

    fn file(&self) -> FileId {
        self.span.file
    }

    fn first(&self) -> Option<Token<'a>> {
        self.tokens.first().copied()
    }

    fn get(&self, index: usize) -> Option<Token<'a>> {
        self.tokens.get(index).copied()
    }

    /// The token's place in the file.
    fn at(&self, token: &Token<'_>) -> Span {
        let start = self.span.start as usize + token.start;
        Span::new(self.file(), start, start + token.text.len())
    }

    fn is_word(&self, index: usize) -> bool {
        self.get(index).is_some_and(|t| t.kind == TokenKind::Word)
    }

    fn is_sign(&self, index: usize, signs: &[&str]) -> bool {
        self.get(index).is_some_and(|t| signs.contains(&t.text))
    }

    // ---- In the place of an item ----

    fn item(&self) -> Option<Diagnostic> {
        let first = self.first()?;
        if first.kind != TokenKind::Word {
            return Some(codes::e0112::not_an_item(self.at(&first), self.source()));
        }
        if let Some(item) = words::nearest_item(first.text) {
            return Some(codes::e0112::misspelt(self.at(&first), first.text, item));
        }
        if words::is_keyword(first.text) {
            return Some(codes::e0112::not_an_item(self.at(&first), self.source()));
        }
        let known = words::ITEMS.contains(&first.text);
        if self.is_sign(1, &["{"]) || known && self.is_sign(1, &[":", "="]) {
            return Some(codes::e0120::no_name(self.at(&first), first.text));
        }
        if let Some(named) = self.strange_name_at(1) {
            return Some(named);
        }
        if self.is_word(1) && known {
            return Some(self.incomplete_block());
        }
        Some(codes::e0112::not_an_item(self.at(&first), self.source()))
    }

    fn incomplete_block(&self) -> Diagnostic {
        let end = Span::new(self.file(), self.span.end as usize, self.span.end as usize);
        let colon = self.is_sign(2, &[":"]);
        match self.get(2) {
            None => codes::e0120::no_body(self.span, end, self.source()),
            Some(_) if colon && self.is_word(3) && self.get(4).is_none() => {
                codes::e0120::no_body(self.span, end, self.source())
            }
            Some(sign) if colon => codes::e0120::no_type(self.at(&sign), self.source()),
            Some(other) => codes::e0120::header(self.at(&other), other.text),
        }
    }

    // ---- Names that are none ----

    fn strange_name(&self) -> Option<Diagnostic> {
        self.strange_name_at(0)
    }

    /// `"gpt2"`, `gpt2-medium`, `4k` where a name is expected.
    fn strange_name_at(&self, index: usize) -> Option<Diagnostic> {
        let token = self.get(index)?;
        if let TokenKind::Text { closed: true } = token.kind {
            let inner = token.text.trim_matches('"');
            return Some(codes::e0123::quoted(self.at(&token), inner));
        }
        let run = self.name_like_run(&token);
        let written = self.text.get(run.range())?;
        (matches!(token.kind, TokenKind::Word | TokenKind::Number)
            && !words::is_name(written)
            && !words::is_keyword(written))
        .then(|| codes::e0123::invalid(run, written))
    }

    /// The name with the signs in it that belong to names elsewhere, such as `gpt2-medium`.
    fn name_like_run(&self, token: &Token<'_>) -> Span {
        let place = self.at(token);
        let rest = self.text.get(place.start as usize..self.span.end as usize).unwrap_or("");
        let run = rest.find(|c: char| !words::is_name_char(c) && !"-/@".contains(c)).unwrap_or(rest.len());
        let length = rest[..run].trim_end_matches(['-', '/', '@']).len().max(token.text.len());
        Span::new(self.file(), place.start as usize, place.start as usize + length)
    }

    // ---- In the place of an entry ----

    fn entry(&self) -> Option<Diagnostic> {
        let first = self.first()?;
        match first.kind {
            TokenKind::Number => self.comma_in_number(&first).or_else(|| self.strange_name()),
            TokenKind::Word => self.entry_of_words(&first),
            TokenKind::Text { .. } if self.is_sign(1, &["=", ":", "<=", ">="]) => self.strange_name(),
            TokenKind::Sign => Some(codes::e0122::line_begins_with(self.at(&first), first.text)),
            _ => None,
        }
    }

    fn entry_of_words(&self, first: &Token<'a>) -> Option<Diagnostic> {
        let second_is_sign = self.get(1).is_some_and(|t| t.kind == TokenKind::Sign);
        if matches!(first.text, "let" | "import" | "assert") && !second_is_sign
            || self.is_word(1) && self.is_sign(2, &[":"])
        {
            return Some(codes::e0121::item_in_block(self.span, self.at(first), first.text));
        }
        if words::is_keyword(first.text) {
            return Some(codes::e0116::keyword_as_value(self.at(first), first.text));
        }
        if let Some(strange) = self.strange_name() {
            return Some(strange);
        }
        match self.get(1) {
            None => Some(codes::e0114::alone(self.span, first.text)),
            Some(second) => Some(codes::e0113::expected(self.at(&second), second.text, first.text)),
        }
    }

    /// `vocab = 50,304`
    fn comma_in_number(&self, last: &Token<'a>) -> Option<Diagnostic> {
        let before = self.before();
        let mut start = before.len();
        // Groups of three digits and a comma, back to a group of one to three digits.
        loop {
            let head = before[..start].strip_suffix(',')?;
            let digits = head.len() - head.trim_end_matches(|c: char| c.is_ascii_digit()).len();
            if !(1..=3).contains(&digits) {
                return None;
            }
            start = head.len() - digits;
            if digits < 3 || !before[..start].ends_with(',') {
                break;
            }
        }
        let digits = last.text.find(|c: char| !c.is_ascii_digit()).unwrap_or(last.text.len());
        if digits != 3 {
            return None;
        }
        let more = self.source()[digits..].len();
        let end = self.span.end as usize - more;
        let span = Span::new(self.file(), start, end);
        let written = self.text.get(span.range())?;
        Some(codes::e0109::comma_in_number(span, written))
    }

    // ---- After a value ----

    fn after_value(&self, place: Place) -> Option<Diagnostic> {
        let first = self.first()?;
        match first.text {
            "=" if place == Place::Assert || place == Place::Parens => {
                return Some(codes::e0115::equals(self.at(&first)));
            }
            "=" => return self.second_setting(),
            "$" => return self.dollar_after(&first),
            "+" | "-" | "*" | "/" | "^" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "and" | "or" => {
                return Some(self.after_operator(&first));
            }
            "import" | "let" | "assert" => {
                return Some(codes::e0118::item_on_same_line(self.at(&first), first.text));
            }
            "with" => return Some(codes::e0122::with(self.at(&first))),
            _ => {}
        }
        if let Some(scale) = self.scale_apart(&first) {
            return Some(scale);
        }
        if place == Place::Item {
            return None;
        }
        let begins_setting = self.is_word(0) && self.is_sign(1, &["=", ":", "<=", ">=", ".", "{"]);
        let separable = match place {
            Place::Entry => begins_setting,
            Place::List | Place::Arguments => {
                !matches!(first.kind, TokenKind::Sign | TokenKind::Close | TokenKind::Unknown)
            }
            _ => false,
        };
        separable.then(|| codes::e0118::missing_comma(self.after_previous(), self.at(&first), first.text))
    }

    /// `and` as the last word of a line, or an operator followed by something that is no value.
    fn after_operator(&self, operator: &Token<'a>) -> Diagnostic {
        match self.get(1) {
            Some(next) => codes::e0114::instead(self.at(&next), next.text, operator.text),
            None => codes::e0114::nothing_after(self.at(operator), operator.text),
        }
    }

    /// `heads = 12 layers = 12`, `a = b c = 3`, `a = b = 3`: a second `=` on the line.
    fn second_setting(&self) -> Option<Diagnostic> {
        let line = self.before().rsplit('\n').next()?.trim_end();
        let key = line.len() - line.trim_end_matches(|c| words::is_name_char(c) || c == '.').len();
        let name = &line[line.len() - key..];
        let earlier = line[..line.len() - key].trim_end();
        let end = self.before().trim_end().len();
        let sign = self.first()?;
        let is_key = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit());
        if !is_key || earlier.ends_with(['=', '{', ',', '[', '(']) || earlier.is_empty() {
            return Some(codes::e0122::second_equals(self.at(&sign)));
        }
        let comma = end - key - (line.len() - key - earlier.len());
        let after = Span::new(self.file(), comma, comma);
        let name_span = Span::new(self.file(), end - key, end);
        Some(codes::e0118::missing_comma(after, name_span, name))
    }

    /// `50$`
    fn dollar_after(&self, dollar: &Token<'a>) -> Option<Diagnostic> {
        let before = self.before().trim_end();
        let number =
            before.len() - before.trim_end_matches(|c: char| c.is_ascii_digit() || "._".contains(c)).len();
        let start = before.len() - number;
        let span = Span::new(self.file(), start, self.at(dollar).end as usize);
        (number > 0).then(|| codes::e0124::dollar_after(span, &before[start..]))
    }

    /// `10 B tokens`: the scale was read as a unit.
    fn scale_apart(&self, unit: &Token<'a>) -> Option<Diagnostic> {
        let before = self.before().trim_end();
        let scale = before.chars().next_back().filter(|c| "kKMGBT".contains(*c))?;
        let digits = before[..before.len() - 1].trim_end();
        let apart = digits.ends_with(|c: char| c.is_ascii_digit());
        let number =
            digits.len() - digits.trim_end_matches(|c: char| c.is_ascii_digit() || "._".contains(c)).len();
        let span = Span::new(self.file(), digits.len() - number, self.at(unit).end as usize);
        let right = if scale == 'K' { 'k' } else { scale };
        let written = &digits[digits.len() - number..];
        (apart && unit.kind == TokenKind::Word && scale != 'G')
            .then(|| codes::e0124::scale_apart(span, &format!("{written}{right} {}", unit.text), scale))
    }

    /// The place right after what stands before.
    fn after_previous(&self) -> Span {
        let end = self.before().trim_end().len();
        Span::new(self.file(), end, end)
    }
}
