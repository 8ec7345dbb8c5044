//! Matches brackets. A line that begins an item closes everything, as in `exp.pest`, so that a forgotten
//! brace costs one message and not the rest of the file.

use crate::codes;
use crate::limits;
use crate::scan::{Token, TokenKind, tokens};
use crate::words::is_keyword;
use regimen_base::{Diagnostic, FileId, Span};

/// The state of the match between two tokens.
pub struct Brackets<'a> {
    file: FileId,
    text: &'a str,
    open: Vec<Bracket>,
    /// Pairs of this item whose closing bracket begins a line less indented than the opening one's line.
    suspects: Vec<Bracket>,
    /// What pest may have open, an upper bound: only exact matches close.
    hard: Vec<char>,
    too_deep: Option<Span>,
    distrusted: bool,
    /// Where in this item a bracket closed across another: what follows is probably in the wrong place.
    torn_at: Option<usize>,
    torn: Vec<Span>,
    line_indent: usize,
    at_line_start: bool,
    last_end: usize,
    found: Vec<Diagnostic>,
}

#[derive(Clone, Copy)]
struct Bracket {
    sign: char,
    start: usize,
    line_indent: usize,
    line_end: usize,
}

impl<'a> Brackets<'a> {
    pub fn new(file: FileId, text: &'a str) -> Brackets<'a> {
        Brackets {
            file,
            text,
            open: vec![],
            suspects: vec![],
            hard: vec![],
            too_deep: None,
            distrusted: false,
            torn_at: None,
            torn: vec![],
            line_indent: 0,
            at_line_start: true,
            last_end: 0,
            found: vec![],
        }
    }

    /// The bracket that is one too many inside others.
    pub fn too_deep(&self) -> Option<Span> {
        self.too_deep
    }

    /// Says that brackets of this item are missing for a reason that was reported already.
    pub fn distrust(&mut self) {
        self.distrusted = true;
    }

    /// Takes the next token.
    pub fn token(&mut self, token: Token<'_>) {
        if token.kind == TokenKind::Newline {
            return self.line_break(token.end());
        }
        if self.at_line_start {
            self.line_indent = token.start - self.line_start(token.start);
        }
        match token.kind {
            TokenKind::Open => self.opened(token),
            TokenKind::Close => self.closed(token),
            _ => {}
        }
        self.at_line_start = false;
        if !matches!(token.kind, TokenKind::Comment | TokenKind::ForeignComment) {
            self.last_end = token.end();
        }
    }

    /// What is missing or too many in the whole text, and the parts after such a mistake whose structure
    /// means nothing.
    pub fn finish(mut self) -> (Vec<Diagnostic>, Vec<Span>) {
        self.end_item(None);
        (self.found, self.torn)
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    fn line_break(&mut self, next_line: usize) {
        self.at_line_start = true;
        for bracket in self.open.iter_mut().filter(|b| b.line_end == 0) {
            bracket.line_end = self.last_end;
        }
        let unfinished = !self.hard.is_empty() || self.torn_at.is_some();
        if unfinished && begins_item(&self.text[next_line..]) {
            self.end_item(Some(next_line));
        } else if self.open.is_empty() {
            self.suspects.clear();
            self.distrusted = false;
        }
    }

    fn opened(&mut self, token: Token<'_>) {
        let sign = token.text.chars().next().unwrap_or('{');
        self.open.push(Bracket { sign, start: token.start, line_indent: self.line_indent, line_end: 0 });
        self.hard.push(sign);
        if self.hard.len() > limits::NESTING {
            self.too_deep = Some(Span::new(self.file, token.start, token.end()));
        }
    }

    fn closed(&mut self, token: Token<'_>) {
        let sign = token.text.chars().next().unwrap_or('}');
        if self.hard.last().is_some_and(|open| closing(*open) == sign) {
            self.hard.pop();
        }
        let place = Span::new(self.file, token.start, token.end());
        let Some(depth) = self.open.iter().rposition(|b| closing(b.sign) == sign) else {
            return self.stray(place, sign);
        };
        if let Some(unclosed) = self.open.split_off(depth + 1).pop() {
            self.unclosed(unclosed, place);
            self.torn_at.get_or_insert(token.end());
        }
        let Some(pair) = self.open.pop() else { return };
        if self.at_line_start && self.line_indent < pair.line_indent {
            self.suspects.push(pair);
        }
    }

    fn stray(&mut self, place: Span, sign: char) {
        let consequence = self.distrusted || self.torn_at.is_some();
        if !consequence && self.found.len() <= limits::DIAGNOSTICS {
            let inside = self.open.last().map(|b| self.span_of(*b));
            self.found.push(codes::e0111::stray(place, sign, inside));
        }
    }

    /// Everything open is forgotten: the innermost is named, or the one whose indentation gives it away.
    fn end_item(&mut self, next_item: Option<usize>) {
        let file = self.file;
        let place = match next_item {
            Some(start) => Span::new(file, start, start + first_word(&self.text[start..])),
            None => Span::new(file, self.last_end, self.last_end),
        };
        let culprit = self.suspects.iter().min_by_key(|b| b.start).copied();
        let end = next_item.unwrap_or(self.text.len());
        if let Some(start) = self.torn_at.take() {
            self.torn.push(Span::new(file, start, end));
        } else if let Some(bracket) = self.open.last().copied() {
            self.unclosed(culprit.unwrap_or(bracket), place);
        }
        self.open.clear();
        self.hard.clear();
        self.suspects.clear();
        self.distrusted = false;
    }

    fn unclosed(&mut self, bracket: Bracket, before: Span) {
        if self.distrusted || self.found.len() > limits::DIAGNOSTICS {
            return;
        }
        let open = self.span_of(bracket);
        // A bracket that is the last of its line opens a block: it closes on a line of its own.
        let one_line = bracket.line_end > bracket.start + 1 || bracket.line_end == 0;
        let insert_at = match (one_line, bracket.line_end) {
            (true, 0) => (before.start as usize).min(self.last_end),
            (true, end) => end,
            _ => self.last_end,
        };
        let closing = closing(bracket.sign);
        let text = match (one_line, closing) {
            (false, _) => format!("\n{}{closing}", " ".repeat(bracket.line_indent)),
            (true, '}') => format!(" {closing}"),
            _ => closing.to_string(),
        };
        let insert = Span::new(self.file, insert_at, insert_at);
        self.found.push(codes::e0110::unclosed(open, bracket.sign, before, insert, text));
    }

    fn span_of(&self, bracket: Bracket) -> Span {
        Span::new(self.file, bracket.start, bracket.start + bracket.sign.len_utf8())
    }
}

fn closing(open: char) -> char {
    match open {
        '{' => '}',
        '[' => ']',
        _ => ')',
    }
}

fn first_word(text: &str) -> usize {
    tokens(text).next().map_or(0, |token| token.end())
}

/// Whether a line certainly begins an item; the same as `item_start` in `exp.pest`.
fn begins_item(line: &str) -> bool {
    let mut tokens = tokens(line);
    let Some(first) = tokens.next().filter(|t| t.kind == TokenKind::Word && t.start == 0) else {
        return false;
    };
    let blank = line[first.end()..].starts_with([' ', '\t', '\r']);
    let Some(second) = tokens.next() else { return first.text == "assert" && blank };
    match first.text {
        "assert" => blank,
        "import" => matches!(second.kind, TokenKind::Text { .. }),
        "let" => blank && second.kind == TokenKind::Word,
        word if is_keyword(word) || second.kind != TokenKind::Word || is_keyword(second.text) => false,
        _ => tokens.next().is_some_and(|third| blank && third.text.starts_with([':', '{', '='])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_recognised_at_the_start_of_a_line() {
        for line in ["let a = 1", "import \"x\" as y", "assert a", "model a : gpt {", "m a = b", "budget b {"]
        {
            assert!(begins_item(line), "{line}");
        }
        for line in [" let a = 1", "lr = 3", "lora { a = 1 }", "a b", "a\nb {", "let = 3", "not a {", "}"] {
            assert!(!begins_item(line), "{line}");
        }
    }
}
