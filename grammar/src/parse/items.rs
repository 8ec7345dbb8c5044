//! Top-level items.

use super::{Builder, Pair, Rule};
use crate::ast::{Declaration, Derivation, Ident, Item, Path, Spanned};
use crate::codes;
use crate::diagnose::Place;
use crate::words;
use regimen_base::Span;

impl<'t> Builder<'t> {
    pub(super) fn items(&mut self, file: Pair<'t>) -> Vec<Item> {
        let mut items = vec![];
        let mut outside: Option<Span> = None;
        for pair in file.into_inner() {
            let span = self.span(&pair);
            let stray = self.is_setting(&pair);
            if let Some(run) = outside.take_if(|_| !stray && pair.as_rule() != Rule::comment) {
                // What follows settings outside is often the brace that closes nothing, reported already.
                let explained = pair.as_rule() == Rule::junk_item && self.is_explained(span);
                self.settings_outside(run, explained);
            }
            match pair.as_rule() {
                Rule::import => items.extend(self.import(pair)),
                Rule::let_item => items.extend(self.let_item(pair)),
                Rule::assert_item => items.extend(self.assert_item(pair)),
                Rule::block => items.extend(self.block(pair)),
                Rule::junk_item if stray => outside = Some(outside.map_or(span, |run| run.to(span))),
                Rule::junk_item => self.skipped(span, Place::File),
                _ => {}
            }
        }
        if let Some(run) = outside {
            self.settings_outside(run, false);
        }
        items
    }

    /// Whether this is skipped text that looks like `key = value`.
    fn is_setting(&self, pair: &Pair<'t>) -> bool {
        pair.as_rule() == Rule::junk_item && crate::diagnose::is_setting(pair.as_str())
    }

    fn settings_outside(&mut self, run: Span, explained: bool) {
        if !explained && !self.is_enough() && !self.is_explained(run) {
            self.report(codes::e0112::settings(run, self.source(run)));
        }
    }

    fn rest_of_line(&mut self, pair: &Pair<'t>, place: Place) {
        let span = self.span(pair);
        self.skipped(span, place);
    }

    /// The item's span: to the end of its last part, without what is left over.
    fn item_span(&self, pair: &Pair<'t>) -> Span {
        let whole = self.span(pair);
        let rest = pair.clone().into_inner().find(|p| p.as_rule() == Rule::rest_of_line);
        match rest {
            Some(rest) => {
                let end = self.text[..rest.as_span().start()].trim_end().len();
                Span::new(self.file, whole.start as usize, end.max(whole.start as usize))
            }
            None => whole,
        }
    }

    fn import(&mut self, pair: Pair<'t>) -> Option<Item> {
        let span = self.item_span(&pair);
        let (mut path, mut alias, mut as_word, mut rest) = (None, None, false, None);
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::text => path = Some(self.text(&child)),
                Rule::as_word => as_word = true,
                Rule::word => alias = Some(self.name(child)),
                Rule::rest_of_line => rest = Some(child),
                _ => {}
            }
        }
        let Some(path) = path else {
            if !rest.is_some_and(|rest| self.is_explained(self.span(&rest))) {
                self.report(codes::e0117::no_file(span));
            }
            return None;
        };
        let alias = match alias {
            Some(alias) => {
                if let Some(rest) = rest {
                    self.rest_of_line(&rest, Place::Item);
                }
                alias
            }
            None => self.guessed_alias(&path, span, as_word),
        };
        Some(Item::Import { path, alias, span })
    }

    /// The file's stem serves as name, so that its uses are not reported as well.
    fn guessed_alias(&mut self, path: &Spanned<String>, span: Span, as_word: bool) -> Ident {
        let file = path.node.rsplit('/').next().unwrap_or("");
        let stem = words::as_name(file.strip_suffix(".exp").unwrap_or(file));
        let end = Span::new(self.file, span.end as usize, span.end as usize);
        if !self.is_explained(path.span) {
            self.report(codes::e0117::no_alias(path.span, end, &stem, as_word));
        }
        Ident { node: stem, span: end }
    }

    fn let_item(&mut self, pair: Pair<'t>) -> Option<Item> {
        let span = self.item_span(&pair);
        let (mut name, mut relation, mut value, mut rest) = (None, None, None, None);
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::word => name = Some(self.name(child)),
                Rule::relation => relation = Some((self.span(&child), child.as_str())),
                Rule::expr => value = Some(self.expr(child, 0)),
                Rule::rest_of_line => rest = Some(self.span(&child)),
                _ => {}
            }
        }
        let Some(name) = name else {
            self.name_missing("let", span, rest);
            return None;
        };
        match relation {
            None if value.is_some() => self.report(codes::e0113::missing(name.span, &name.node)),
            Some((place, "=")) if value.is_none() => self.missing_value(span.to(place), rest),
            // Signs that exist nowhere are reported as operators.
            Some((place, sign @ (":" | "==" | "<" | "<=" | ">" | ">="))) => {
                self.report(codes::e0113::only_is(place, sign));
            }
            None => self.let_without_value(&name, rest),
            _ => {}
        }
        if let (Some(_), Some(rest)) = (&value, rest) {
            self.skipped(rest, Place::Item);
        }
        Some(Item::Let { name, value: value.flatten()?, span })
    }

    fn let_without_value(&mut self, name: &Ident, rest: Option<Span>) {
        match rest.and_then(|rest| crate::diagnose::strange_name(self.text, name.span.to(rest))) {
            Some(strange) => self.report(strange),
            None => self.missing_value(name.span, rest),
        }
    }

    fn name_missing(&mut self, kind: &str, span: Span, rest: Option<Span>) {
        if !rest.is_some_and(|rest| self.is_explained(rest)) {
            let diagnostic = crate::diagnose::missing_name(self.text, kind, span, rest);
            self.report(diagnostic);
        }
    }

    fn assert_item(&mut self, pair: Pair<'t>) -> Option<Item> {
        let span = self.item_span(&pair);
        let (mut condition, mut message, mut rest) = (None, None, None);
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::expr => condition = Some(self.expr(child, 0)),
                Rule::text => message = Some(self.text(&child)),
                Rule::rest_of_line => rest = Some(self.span(&child)),
                _ => {}
            }
        }
        match (&condition, rest) {
            (None, rest) => self.missing_value(span, rest),
            (Some(_), Some(rest)) => self.skipped(rest, Place::Assert),
            _ => {}
        }
        Some(Item::Assert { condition: condition.flatten()?, message, span })
    }

    fn block(&mut self, pair: Pair<'t>) -> Option<Item> {
        let span = self.item_span(&pair);
        let mut parts = BlockParts::default();
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::kind => {
                    parts.kind = Some(Ident { node: child.as_str().into(), span: self.span(&child) })
                }
                Rule::word => parts.name = Some(self.name(child)),
                Rule::type_name => {
                    parts.type_name = child.into_inner().next().map(|word| self.name(word));
                }
                Rule::path => parts.base = Some(self.path(child)),
                Rule::with_word => parts.with = true,
                Rule::body => parts.body = Some(self.body(child, 0)),
                Rule::rest_of_line => parts.rest = Some(self.span(&child)),
                _ => {}
            }
        }
        self.block_mistakes(&parts, span);
        let (kind, name, body) = (parts.kind?, parts.name?, parts.body);
        match parts.base {
            Some(base) => {
                // Without a body nothing changes: an empty one at the end of the base.
                let end = Span::new(self.file, base.span.end as usize, base.span.end as usize);
                let body = body.unwrap_or(crate::ast::Body { entries: vec![], span: end });
                Some(Item::Derive(Derivation { kind, name, base, body, span }))
            }
            None => {
                Some(Item::Declare(Declaration { kind, name, type_name: parts.type_name, body: body?, span }))
            }
        }
    }

    fn block_mistakes(&mut self, parts: &BlockParts, span: Span) {
        let (Some(kind), Some(name)) = (&parts.kind, &parts.name) else { return };
        if let Some(base) = &parts.base
            && (!parts.with || parts.body.is_none())
        {
            let explained = parts.rest.is_some_and(|rest| self.is_explained(rest));
            match words::nearest_item(&kind.node) {
                _ if explained => {}
                Some(item @ ("let" | "import" | "assert")) => {
                    self.report(codes::e0112::misspelt(kind.span, &kind.node, item));
                }
                _ => self.report(codes::e0120::derivation(
                    span,
                    kind,
                    name,
                    base,
                    parts.with,
                    parts.body.is_some(),
                )),
            }
            return;
        }
        if let Some(rest) = parts.rest {
            self.skipped(rest, Place::Item);
        }
    }
}

/// The parts of a block in the order in which they are read.
#[derive(Default)]
struct BlockParts {
    kind: Option<Ident>,
    name: Option<Ident>,
    type_name: Option<Ident>,
    base: Option<Path>,
    with: bool,
    body: Option<crate::ast::Body>,
    rest: Option<Span>,
}
