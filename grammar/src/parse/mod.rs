//! Builds the syntax tree. The only module that knows pest; its types do not leave it.
//!
//! The grammar reads any text whatever (see `exp.pest`), so every mistake arrives here as a node of the
//! tree: something missing, something left over, something skipped. One function per rule turns nodes into
//! the [`Ast`] and mistakes into diagnostics.

mod bodies;
mod expressions;
mod items;
mod names;
mod numbers;

use crate::ast::{Ast, Expr};
use crate::codes;
use crate::diagnose::{self, Place};
use crate::lexical::{self, Lexical};
use crate::limits;
use pest::Parser as _;
use pest::iterators::Pair as PestPair;
use regimen_base::{Diagnostic, FileId, Span};
use std::num::NonZeroUsize;

/// pest's generated parser.
mod generated {
    #[derive(pest_derive::Parser)]
    #[grammar = "exp.pest"]
    pub struct ExpParser;
}
use generated::{ExpParser, Rule};

type Pair<'t> = PestPair<'t, Rule>;

/// Reads one file. Never fails: what does not parse is missing in the tree and reported beside it, in the
/// order of the text.
pub fn parse(file: FileId, text: &str) -> (Ast, Vec<Diagnostic>) {
    let (items, diagnostics) = read(file, text, Rule::file, Builder::items);
    (Ast { items: items.unwrap_or_default() }, diagnostics)
}

/// Reads one expression, such as the value in `--set pretrain.optimizer.lr=6e-4`.
pub fn parse_expression(file: FileId, text: &str) -> (Option<Expr>, Vec<Diagnostic>) {
    let (value, diagnostics) = read(file, text, Rule::expression_file, Builder::expression_file);
    (value.flatten(), diagnostics)
}

fn read<'t, T>(
    file: FileId,
    text: &'t str,
    rule: Rule,
    build: impl FnOnce(&mut Builder<'t>, Pair<'t>) -> T,
) -> (Option<T>, Vec<Diagnostic>) {
    let lexical = lexical::check(file, text);
    if !lexical.parsable {
        return (None, lexical.diagnostics);
    }
    let mut builder = Builder::new(file, text, lexical);
    pest::set_call_limit(NonZeroUsize::new(limits::PEST_CALLS));
    let value = match ExpParser::parse(rule, text) {
        Ok(mut pairs) => pairs.next().map(|pair| build(&mut builder, pair)),
        // Every text matches; what stops pest is the limit on its steps.
        Err(_) => {
            builder.report(codes::e0101::too_slow(file));
            None
        }
    };
    (value, builder.finish())
}

/// What every rule's function shares.
struct Builder<'t> {
    file: FileId,
    text: &'t str,
    diagnostics: Vec<Diagnostic>,
    /// How many of the diagnostics the check of single tokens made.
    lexical: usize,
    /// How many more there are.
    unlisted: usize,
    /// Where brackets are too wrong for more messages; in order.
    torn: Vec<Span>,
}

impl<'t> Builder<'t> {
    fn new(file: FileId, text: &'t str, found: Lexical) -> Builder<'t> {
        let lexical = found.diagnostics.len();
        let (unlisted, diagnostics) = (found.unlisted, found.diagnostics);
        Builder { file, text, diagnostics, lexical, unlisted, torn: found.torn }
    }

    /// Where a node was written, without blanks at its end (skipped text and unclosed bodies have them).
    fn span(&self, pair: &Pair<'_>) -> Span {
        let start = pair.as_span().start();
        Span::new(self.file, start, start + pair.as_str().trim_end().len())
    }

    /// Whether more messages would not be shown; looking for their words costs time.
    fn is_full(&self) -> bool {
        self.diagnostics.len() > limits::DIAGNOSTICS
    }

    /// Counts a message that is not listed, unless it may be a consequence of a token that is not listed either.
    fn leave_out(&mut self) {
        self.unlisted += usize::from(self.lexical <= limits::DIAGNOSTICS);
    }

    /// The same for a message that is about to be made: if it is one too many, it is only counted.
    fn is_enough(&mut self) -> bool {
        if self.is_full() {
            self.leave_out();
        }
        self.is_full()
    }

    /// Whether `span` lies where brackets are too wrong for its place to mean anything.
    fn is_torn(&self, span: Span) -> bool {
        let next = self.torn.partition_point(|torn| torn.end <= span.start);
        self.torn.get(next).is_some_and(|torn| torn.start <= span.start)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        let torn = diagnostic.labels.first().is_some_and(|label| self.is_torn(label.span));
        match self.is_full() {
            _ if torn => {}
            true => self.leave_out(),
            false => self.diagnostics.push(diagnostic),
        }
    }

    /// Reports skipped text, unless a single token in it was reported already: then it is a consequence.
    fn skipped(&mut self, span: Span, place: Place) {
        if self.is_full() {
            if !self.is_torn(span) {
                self.leave_out();
            }
        } else if !self.is_explained(span) {
            let diagnostic = diagnose::skipped(self.text, span, place);
            self.report(diagnostic);
        }
    }

    fn is_explained(&self, span: Span) -> bool {
        if self.is_torn(span) {
            return true;
        }
        let touches = |other: Span| other.start <= span.end && span.start <= other.end;
        self.diagnostics[..self.lexical].iter().flat_map(|d| &d.labels).any(|label| touches(label.span))
    }

    fn expression_file(&mut self, pair: Pair<'t>) -> Option<Expr> {
        let whole = self.span(&pair);
        let mut value = None;
        let mut empty = true;
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::expr => {
                    empty = false;
                    value = self.expr(child, 0);
                }
                Rule::rest_of_input => {
                    empty = false;
                    let span = self.span(&child);
                    self.skipped(span, Place::Input { has_value: value.is_some() });
                }
                _ => {}
            }
        }
        if empty {
            self.report(codes::e0114::empty(whole));
        }
        value
    }

    fn finish(mut self) -> Vec<Diagnostic> {
        self.diagnostics.sort_by_key(|d| d.labels.first().map_or(0, |label| label.span.start));
        let more = self.unlisted + self.diagnostics.len().saturating_sub(limits::DIAGNOSTICS);
        self.diagnostics.truncate(limits::DIAGNOSTICS);
        let end = Span::new(self.file, self.text.len(), self.text.len());
        self.diagnostics.extend((more > 0).then(|| codes::e0125::more(more, end)));
        self.diagnostics
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tour_has_no_mistakes() {
        let (ast, diagnostics) = parse(FileId(0), include_str!("../../tests/tour.exp"));
        assert_eq!(diagnostics, []);
        assert_eq!(ast.items.len(), 17);
    }
}
