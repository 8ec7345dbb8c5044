//! What braces hold: settings by name, nested; and how a patch changes them.

use super::ScopeId;
use crate::codes;
use regimen_base::{Diagnostic, Span};
use regimen_grammar::ast::{Body, Entry, Expr, ExprKind, Ident, Relation, Spanned};
use std::sync::Arc;

/// Most settings in one pair of braces.
const MAX_SETTINGS: usize = 1_000;

/// Settings in braces.
#[derive(Clone, Debug)]
pub struct Block {
    /// The word before the brace: `adamw`.
    pub tag: Option<Ident>,
    /// In the order in which they were written.
    pub settings: Vec<Setting>,
    /// Whether it stems from a path such as `optimizer.lr` and changes only what it names.
    pub partial: bool,
    /// From brace to brace.
    pub span: Span,
}

/// One setting.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its name.
    pub name: Ident,
    /// `=` or `<=`.
    pub relation: Spanned<Relation>,
    /// Its value.
    pub term: Term,
    /// The file whose names it may use.
    pub scope: ScopeId,
    /// Who set it.
    pub origin: Origin,
}

/// A value: a block of settings, or an expression.
#[derive(Clone, Debug)]
pub enum Term {
    /// An expression.
    Leaf(Arc<Expr>),
    /// Settings in braces.
    Block(Block),
}

/// Who set a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody: the schema's default.
    Default,
    /// The file at this place.
    Written,
    /// A variant of this name.
    Variant(String),
    /// A sweep of this name.
    Sweep(String),
    /// `--set`.
    CommandLine,
}

impl Block {
    /// A block without settings.
    pub fn empty(span: Span) -> Block {
        Block { tag: None, settings: vec![], partial: false, span }
    }

    /// The settings of a body; a path set twice is reported and the first setting kept.
    pub fn read(
        body: &Body,
        tag: Option<Ident>,
        scope: ScopeId,
        origin: &Origin,
        sink: &mut Vec<Diagnostic>,
    ) -> Block {
        let mut block = Block { tag, settings: vec![], partial: false, span: body.span };
        let mut entries: Vec<&Entry> = body.entries.iter().take(MAX_SETTINGS).collect();
        if body.entries.len() > MAX_SETTINGS {
            let limit = format!("{MAX_SETTINGS} settings");
            sink.push(codes::e0212::too_large("this block", &limit, Some(body.span)));
        }
        // Whole blocks first, so that `optimizer.lr = …` may stand before or after `optimizer = …`.
        entries.sort_by_key(|e| e.path.parts.len());
        for entry in entries {
            let term = Term::read(&entry.value, scope, origin, sink);
            let setting = |name: &Ident| Setting {
                name: name.clone(),
                relation: entry.relation.clone(),
                term,
                scope,
                origin: origin.clone(),
            };
            if let Some((last, before)) = entry.path.parts.split_last() {
                block.insert(before, setting(last), sink);
            }
        }
        block
    }

    /// The setting with this name.
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|s| s.name.node == name)
    }

    /// Adds a setting at a path; reports one that is already there.
    pub fn insert(&mut self, path: &[Ident], setting: Setting, sink: &mut Vec<Diagnostic>) {
        let name = path.first().unwrap_or(&setting.name).clone();
        let existing = self.settings.iter_mut().find(|s| s.name.node == name.node);
        match (existing, path.split_first()) {
            (None, None) => self.settings.push(setting),
            (None, Some((first, rest))) => {
                let mut inner = Block { partial: true, ..Block::empty(setting.name.span) };
                let outer = Setting { name: first.clone(), ..setting.clone() };
                inner.insert(rest, setting, sink);
                self.settings.push(Setting { term: Term::Block(inner), ..outer });
            }
            (Some(Setting { term: Term::Block(inner), .. }), Some((_, rest))) => {
                inner.insert(rest, setting, sink)
            }
            (Some(other), _) => sink.push(codes::e0208::set_twice(&setting.name, other.name.span)),
        }
    }

    /// Applies a patch: later settings replace, paths change only what they name.
    pub fn apply(&mut self, patch: &Block) {
        for change in &patch.settings {
            let existing = self.settings.iter_mut().find(|s| s.name.node == change.name.node);
            match (existing, &change.term) {
                (None, _) => self.settings.push(change.clone()),
                (Some(old), Term::Block(inner)) if inner.partial => old.patch(inner, change),
                (Some(old), _) => *old = change.clone(),
            }
        }
    }
}

impl Setting {
    /// Changes what the inner patch names; a bare word such as `cosine` becomes a block first.
    fn patch(&mut self, inner: &Block, change: &Setting) {
        if let Term::Leaf(expr) = &self.term
            && let ExprKind::Path(path) = &expr.kind
            && let [word] = path.parts.as_slice()
        {
            self.term = Term::Block(Block { tag: Some(word.clone()), ..Block::empty(expr.span) });
        }
        match &mut self.term {
            Term::Block(block) => block.apply(inner),
            Term::Leaf(_) => *self = change.clone(),
        }
    }
}

impl Term {
    /// A block if it is written in braces, else an expression.
    pub fn read(expr: &Expr, scope: ScopeId, origin: &Origin, sink: &mut Vec<Diagnostic>) -> Term {
        match &expr.kind {
            ExprKind::Record(body) => Term::Block(Block::read(body, None, scope, origin, sink)),
            ExprKind::Tagged { tag, body } => {
                Term::Block(Block::read(body, Some(tag.clone()), scope, origin, sink))
            }
            ExprKind::Paren(inner) => Term::read(inner, scope, origin, sink),
            _ => Term::Leaf(Arc::new(expr.clone())),
        }
    }

    /// Where it was written.
    pub fn span(&self) -> Span {
        match self {
            Term::Leaf(expr) => expr.span,
            Term::Block(block) => block.span,
        }
    }
}
