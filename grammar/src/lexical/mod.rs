//! What can be said about a text token by token: sizes, brackets, strings, characters and operators that do
//! not exist here. Runs before pest and guards it: a text that passes cannot overflow pest's stack.

mod brackets;
mod strings;

pub use strings::unescape;

use crate::codes;
use crate::limits;
use crate::scan::{Token, TokenKind, tokens};
use brackets::Brackets;
use regimen_base::{Diagnostic, FileId, Span};

/// What the check found.
#[derive(Debug)]
pub struct Lexical {
    /// The mistakes, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// How many more there are.
    pub unlisted: usize,
    /// The parts of the text where brackets are so wrong that more messages would only confuse.
    pub torn: Vec<Span>,
    /// Whether pest may read the text.
    pub parsable: bool,
}

/// Looks at every token of `text`.
pub fn check(file: FileId, text: &str) -> Lexical {
    if text.len() > limits::FILE_BYTES {
        return Lexical {
            diagnostics: vec![codes::e0101::file(file, text.len())],
            unlisted: 0,
            torn: vec![],
            parsable: false,
        };
    }
    if let Some(at) = lone_return(text) {
        let span = Span::new(file, at, at + 1);
        let diagnostics = vec![codes::e0103::lone_return(span)];
        return Lexical { diagnostics, unlisted: 0, torn: vec![], parsable: false };
    }
    let mut check = Check { file, diagnostics: vec![], unlisted: 0, brackets: Brackets::new(file, text) };
    for token in tokens(text) {
        check.token(token);
        if let Some(too_deep) = check.brackets.too_deep() {
            check.diagnostics.push(codes::e0102::brackets(too_deep));
            return Lexical { diagnostics: check.diagnostics, unlisted: 0, torn: vec![], parsable: false };
        }
    }
    let (brackets, torn) = check.brackets.finish();
    check.diagnostics.extend(brackets);
    Lexical { diagnostics: check.diagnostics, unlisted: check.unlisted, torn, parsable: true }
}

/// The first carriage return that belongs to no line break: a file whose lines end so would be one line, and all of it a comment after the first.
fn lone_return(text: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = text.get(from..)?.find('\r') {
        let at = from + found;
        let rest = text.get(at..)?.trim_start_matches('\r');
        if !rest.is_empty() && !rest.starts_with('\n') {
            return Some(at);
        }
        from = text.len() - rest.len();
    }
    None
}

struct Check<'a> {
    file: FileId,
    diagnostics: Vec<Diagnostic>,
    unlisted: usize,
    brackets: Brackets<'a>,
}

impl Check<'_> {
    fn token(&mut self, token: Token<'_>) {
        self.brackets.token(token);
        let span = Span::new(self.file, token.start, token.end());
        match token.kind {
            TokenKind::Text { closed } => self.string(span, token.text, closed),
            TokenKind::SingleQuoted => self.report(codes::e0106::single_quotes(span, token.text)),
            TokenKind::ForeignComment => self.report(codes::e0107::foreign_comment(span, token.text)),
            TokenKind::Unknown => self.report(codes::e0103::unexpected_character(span, token.text)),
            TokenKind::Sign => {
                if let Some(right) = codes::e0115::replacement(token.text) {
                    self.report(codes::e0115::unknown_operator(span, token.text, right));
                }
            }
            _ => {}
        }
    }

    fn string(&mut self, span: Span, raw: &str, closed: bool) {
        if !closed {
            // Brackets after the missing quote were swallowed: one mistake, one message.
            self.brackets.distrust();
            self.report(codes::e0104::unterminated_string(span, raw));
        }
        for wrong in unescape(raw).1 {
            let start = span.start as usize + wrong.start;
            let place = Span::new(self.file, start, start + wrong.len());
            self.report(codes::e0105::unknown_escape(place, &raw[wrong]));
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        // The rest of the work does not need more, and a file of noise must not fill the memory.
        if self.diagnostics.len() <= limits::DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
        } else {
            self.unlisted += 1;
        }
    }
}
