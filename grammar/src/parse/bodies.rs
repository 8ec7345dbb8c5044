//! Bodies and their entries.

use super::{Builder, Pair, Rule};
use crate::ast::{Body, Entry, Expr, ExprKind, Path, Relation, Spanned};
use crate::codes;
use crate::diagnose::{self, Place};
use regimen_base::Span;

impl<'t> Builder<'t> {
    pub(super) fn body(&mut self, pair: Pair<'t>, depth: usize) -> Body {
        let span = self.span(&pair);
        let mut entries = vec![];
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::entry => entries.extend(self.entry(child, depth + 1)),
                Rule::extra_comma => self.extra_comma(&child),
                // A missing brace was reported with the brackets.
                _ => {}
            }
        }
        Body { entries, span }
    }

    pub(super) fn extra_comma(&mut self, pair: &Pair<'t>) {
        let start = pair.as_span().start();
        self.report(codes::e0118::extra_comma(Span::new(self.file, start, start + 1)));
    }

    fn entry(&mut self, pair: Pair<'t>, depth: usize) -> Option<Entry> {
        let mut children = pair.into_inner().filter(|p| p.as_rule() != Rule::comment);
        let first = children.next()?;
        if first.as_rule() == Rule::junk_entry {
            let span = self.span(&first);
            self.skipped(span, Place::Body);
            return None;
        }
        let path = self.path(first);
        let relation_pair = children.next()?;
        let relation = self.relation(&relation_pair, &path);
        let (mut value, mut rest) = (None, None);
        for child in children {
            match child.as_rule() {
                Rule::expr => value = Some(self.expr(child, depth)),
                _ => rest = Some(self.span(&child)),
            }
        }
        self.entry_end(&path, &relation, &mut value, rest);
        let value = value.flatten()?;
        let span = path.span.to(value.span);
        Some(Entry { path, relation, value, span })
    }

    /// Reports a value that is missing or followed by something else.
    fn entry_end(
        &mut self,
        path: &Path,
        relation: &Spanned<Relation>,
        value: &mut Option<Option<Expr>>,
        rest: Option<Span>,
    ) {
        let Some(value) = value else {
            return self.missing_value(path.span.to(relation.span), rest);
        };
        let Some(rest) = rest else { return };
        self.skipped(rest, Place::Entry);
        if diagnose::begins_with_sign(self.text, rest, "=") {
            // `heads = 12 layers = 12`: the unit of 12 is a name.
            if let Some(Expr { kind: ExprKind::Number(number), span }) = value
                && let Some(unit) = number.unit.take()
            {
                let number_end = self.text[..unit.span.start as usize].trim_end().len();
                span.end = number_end as u32;
            }
        }
    }

    /// Reports that nothing that could be a value follows `owner`.
    pub(super) fn missing_value(&mut self, owner: Span, rest: Option<Span>) {
        if self.is_enough() || rest.is_some_and(|rest| self.is_explained(rest)) {
            return;
        }
        let diagnostic = diagnose::missing_value(self.text, owner, rest);
        self.report(diagnostic);
    }

    fn relation(&mut self, pair: &Pair<'t>, path: &Path) -> Spanned<Relation> {
        let span = self.span(pair);
        if pair.as_rule() == Rule::no_relation {
            let after = Span::new(self.file, path.span.end as usize, path.span.end as usize);
            self.report(codes::e0113::missing(path.span, self.source(path.span)));
            return Spanned { node: Relation::Is, span: after };
        }
        let node = match pair.as_str() {
            "<=" | "<" | "=<" => Relation::AtMost,
            ">=" | ">" | "=>" => Relation::AtLeast,
            _ => Relation::Is,
        };
        if let Some(right) = codes::e0113::replacement(pair.as_str()) {
            self.report(codes::e0113::wrong(span, pair.as_str(), right));
        }
        Spanned { node, span }
    }

    pub(super) fn source(&self, span: Span) -> &'t str {
        self.text.get(span.range()).unwrap_or("")
    }
}
