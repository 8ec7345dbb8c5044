//! What the files declare, names and places only: nothing evaluated, nothing typed.
//!
//! A [`Program`] is built once. What a variant, a sweep or the command line changes is applied to an
//! [`Instance`] of it ([`instance`]).

pub mod block;
pub mod declare;
pub mod files;
pub mod instance;
pub mod members;
pub mod overrides;

pub use block::{Block, Origin, Setting, Term};
pub use instance::{Expanded, Instance};

use crate::hardware::Entry;
use crate::schema::{Kind, Type};
use regimen_base::{SourceMap, Span};
use regimen_grammar::ast::{Expr, Ident, Path, Spanned};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A file's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScopeId(pub u32);

/// A declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectId(pub u32);

/// A `let`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LetId(pub u32);

/// The root file's scope.
pub const ROOT: ScopeId = ScopeId(0);

/// Everything that the files declare.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// All texts.
    pub sources: SourceMap,
    /// One per file, the root first.
    pub scopes: Vec<Scope>,
    /// Declarations with a kind and fields.
    pub objects: Vec<Object>,
    /// Names for values.
    pub lets: Vec<Let>,
    /// What must hold.
    pub asserts: Vec<Assert>,
    /// `variant`s of the root file.
    pub variants: Vec<Paths>,
    /// `sweep`s of the root file.
    pub sweeps: Vec<Paths>,
    /// The order in which declarations can be expanded: bases first. Those in cycles are missing.
    pub order: Vec<ObjectId>,
}

/// A file and its names.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Path relative to the experiment's folder.
    pub path: String,
    /// What declarations of this file are called elsewhere: `lab` gives `lab_box`; empty for the root.
    pub prefix: String,
    /// Everything declared.
    pub names: BTreeMap<String, Named>,
}

/// What a name stands for, and where it was declared.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// What it is.
    pub what: What,
    /// The name in its declaration.
    pub span: Span,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A declaration.
    Object(ObjectId),
    /// A value.
    Let(LetId),
    /// Another file.
    Import(ScopeId),
    /// Something that was reported.
    Broken,
}

/// `kind name : type { … }` or `kind name = base with { … }`.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its kind.
    pub kind: &'static Kind,
    /// Its name in its file.
    pub name: Ident,
    /// Its name in the whole experiment: imported ones bear their file's alias.
    pub flat: String,
    /// Its file.
    pub scope: ScopeId,
    /// What it is made from.
    pub form: Form,
    /// What its own body sets.
    pub body: Block,
    /// The whole item.
    pub span: Span,
}

/// What a declaration is made from.
#[derive(Clone, Debug)]
pub enum Form {
    /// A type with its fields.
    Typed {
        /// The fields; `None` if the type was reported.
        ty: Option<&'static Type>,
        /// As written; the kind's name if none is written.
        name: String,
        /// The entry of the hardware catalogue.
        entry: Option<Arc<Entry>>,
    },
    /// Another declaration; `None` if that was reported.
    Derived(Option<ObjectId>),
}

/// `let name = value`.
#[derive(Clone, Debug)]
pub struct Let {
    /// The name.
    pub name: Ident,
    /// Its name in the whole experiment.
    pub flat: String,
    /// Its file.
    pub scope: ScopeId,
    /// Its value.
    pub value: Arc<Expr>,
}

/// `assert condition "message"`.
#[derive(Clone, Debug)]
pub struct Assert {
    /// Its file.
    pub scope: ScopeId,
    /// What must hold.
    pub condition: Arc<Expr>,
    /// What to say if it does not.
    pub message: Option<Spanned<String>>,
    /// The whole item.
    pub span: Span,
}

/// A `variant` or a `sweep`.
#[derive(Clone, Debug)]
pub struct Paths {
    /// Its name.
    pub name: Ident,
    /// What it sets.
    pub entries: Vec<(Path, Arc<Expr>)>,
    /// Whether several lists of a sweep go side by side.
    pub zip: bool,
    /// The whole item.
    pub span: Span,
}

impl Program {
    /// The declaration with this id.
    pub fn object(&self, id: ObjectId) -> &Object {
        &self.objects[id.0 as usize]
    }

    /// The file of a scope.
    pub fn scope(&self, id: ScopeId) -> &Scope {
        &self.scopes[id.0 as usize]
    }

    /// All declarations with their ids.
    pub fn objects(&self) -> impl Iterator<Item = (ObjectId, &Object)> {
        self.objects.iter().enumerate().map(|(i, o)| (ObjectId(i as u32), o))
    }

    /// Declarations of a kind in the root file.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = (ObjectId, &Object)> {
        self.objects().filter(move |(_, o)| o.kind.name == kind && o.scope == ROOT)
    }

    /// The budget of a stage, which bears the stage's name.
    pub fn budget_of(&self, stage: &str) -> Option<ObjectId> {
        self.of_kind("budget").find(|(_, o)| o.name.node == stage).map(|(id, _)| id)
    }

    /// What a name or `alias.name` stands for, and how many parts of the path that took.
    pub fn lookup(&self, scope: ScopeId, path: &[Ident]) -> Option<(Named, usize)> {
        let (first, rest) = path.split_first()?;
        let named = *self.scope(scope).names.get(&first.node)?;
        match (named.what, rest) {
            // Two files may import each other; the path itself bounds the depth.
            (What::Import(inner), [_, ..]) => self.lookup(inner, rest).map(|(named, n)| (named, n + 1)),
            _ => Some((named, 1)),
        }
    }
}
