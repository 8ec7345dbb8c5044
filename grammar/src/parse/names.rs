//! Names and paths; a word of the language in the place of a name is reported and kept.

use super::{Builder, Pair, Rule};
use crate::ast::{Ident, Path, Spanned};
use crate::codes;
use crate::lexical::unescape;
use crate::words::is_keyword;

impl<'t> Builder<'t> {
    /// A name that is being declared or set.
    pub(super) fn name(&mut self, pair: Pair<'t>) -> Ident {
        let ident = Ident { node: pair.as_str().to_owned(), span: self.span(&pair) };
        if is_keyword(&ident.node) {
            self.report(codes::e0116::keyword_as_name(ident.span, &ident.node));
        }
        ident
    }

    /// Names between dots.
    pub(super) fn path(&mut self, pair: Pair<'t>) -> Path {
        let span = self.span(&pair);
        let parts = pair.into_inner().filter(|p| p.as_rule() == Rule::word).map(|p| self.name(p)).collect();
        Path { parts, span }
    }

    /// A string; its escapes were checked with its token.
    pub(super) fn text(&self, pair: &Pair<'t>) -> Spanned<String> {
        Spanned { node: unescape(pair.as_str()).0, span: self.span(pair) }
    }
}
