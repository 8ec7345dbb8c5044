//! The one table of what an experiment may contain: kinds, types, fields, units, words, defaults.
//!
//! Validation, defaults, suggestions, `regimen show` and the language reference all read it. The tables
//! themselves stand beside the code that reads the fields: [`crate::kinds`] and [`crate::arch`].

pub mod number;

use crate::quantity::Dimension;
pub use number::{Bound, Number};

/// A kind of declaration: what stands first in `kind name : type { … }`.
#[derive(Debug)]
pub struct Kind {
    /// `model`, `stage`, …
    pub name: &'static str,
    /// Another word for the same.
    pub alias: Option<&'static str>,
    /// One line for the reference.
    pub doc: &'static str,
    /// What its body holds.
    pub types: Types,
    /// What can be asked of it: `gpt2.params`.
    pub members: &'static [Member],
}

/// What the body of a kind holds.
#[derive(Clone, Copy, Debug)]
pub enum Types {
    /// No type is written; one set of fields.
    One(&'static Type),
    /// `kind name : type`, one of these.
    Many(fn() -> Vec<&'static Type>),
    /// `kind name : entry`, an entry of the hardware catalogue.
    Hardware,
    /// No type; entries are paths of fields elsewhere.
    Paths,
}

/// A set of fields with a name: `gpt`, `adamw`, the block of `evaluate`.
#[derive(Debug)]
pub struct Type {
    /// As written.
    pub name: &'static str,
    /// One line for the reference.
    pub doc: &'static str,
    /// Its fields in the order of the reference.
    pub fields: &'static [Field],
}

/// One field.
#[derive(Debug)]
pub struct Field {
    /// As written.
    pub name: &'static str,
    /// What it holds.
    pub ty: Ty,
    /// What it is if it is not written.
    pub default: Default,
    /// One line for the reference.
    pub doc: &'static str,
}

/// What a field is if it is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// It must be written.
    Required,
    /// Nothing: what it describes does not happen.
    Absent,
    /// This, in the language itself; `self` is the declaration.
    Is(&'static str),
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Ty {
    /// `"text"`
    Text,
    /// `"data/*.txt"`: a path inside the experiment's folder.
    Path,
    /// `true`, `false`
    Bool,
    /// A number of something.
    Number(Number),
    /// One of several words.
    Words(&'static [Word]),
    /// One of several words, or something else.
    WordOr(&'static [Word], &'static Ty),
    /// The name of a declaration of this kind.
    Ref(&'static str),
    /// A part of a dataset: `corpus.validation`.
    Split,
    /// What a stage leaves behind: `pretrain.best`.
    Checkpoint,
    /// `[a, b]`, this many.
    List {
        /// Of each element.
        of: &'static Ty,
        /// Fewest elements.
        min: usize,
        /// Most elements.
        max: usize,
    },
    /// `{ web = 67%, books = 33% }`: keys that the author chooses.
    Map {
        /// Of each value.
        of: &'static Ty,
        /// The kind of declaration that the keys name; free names if absent.
        keys: Option<&'static str>,
    },
    /// `{ every = 500 steps }`
    Block(&'static Type),
    /// `adamw { lr = 6e-4 }`
    OneOf(fn() -> Vec<&'static Type>),
}

/// A word that a field may hold.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// As written.
    pub name: &'static str,
    /// One line for the reference.
    pub doc: &'static str,
}

/// Something that can be asked of a declaration.
#[derive(Debug)]
pub struct Member {
    /// As written after the dot.
    pub name: &'static str,
    /// What it counts.
    pub dimension: Dimension,
    /// Whether only planning knows it.
    pub planned: bool,
    /// One line for the reference.
    pub doc: &'static str,
}

impl Kind {
    /// The kind with this name or alias.
    pub fn find(name: &str) -> Option<&'static Kind> {
        crate::kinds::ALL.iter().copied().find(|k| k.name == name || k.alias == Some(name))
    }

    /// The types that a declaration may name, if they are fixed.
    pub fn type_list(&self) -> Vec<&'static Type> {
        match self.types {
            Types::One(only) => vec![only],
            Types::Many(list) => list(),
            Types::Hardware => vec![&crate::kinds::hardware::CPU, &crate::kinds::hardware::GPU],
            Types::Paths => vec![],
        }
    }

    /// What can be asked under this name.
    pub fn member(&self, name: &str) -> Option<&'static Member> {
        self.members.iter().find(|m| m.name == name)
    }
}

impl Type {
    /// The field with this name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|f| f.name == name)
    }
}

impl Field {
    /// A field that must be written.
    pub const fn required(name: &'static str, ty: Ty, doc: &'static str) -> Field {
        Field { name, ty, default: Default::Required, doc }
    }

    /// A field that need not be written and then means that nothing happens.
    pub const fn optional(name: &'static str, ty: Ty, doc: &'static str) -> Field {
        Field { name, ty, default: Default::Absent, doc }
    }

    /// A field with a default, written in the language.
    pub const fn with(name: &'static str, ty: Ty, default: &'static str, doc: &'static str) -> Field {
        Field { name, ty, default: Default::Is(default), doc }
    }
}

impl Ty {
    /// What is expected, for messages: `a number of tokens`, `one of f32, bf16`.
    pub fn expectation(&self) -> String {
        match self {
            Ty::Text => "a text in double quotes".into(),
            Ty::Path => "a path in double quotes".into(),
            Ty::Bool => "`true` or `false`".into(),
            Ty::Number(number) => number.expectation(),
            Ty::Words(words) => format!("one of {}", listed(words.iter().map(|w| w.name))),
            Ty::WordOr(words, or) => {
                format!("{} or {}", listed(words.iter().map(|w| w.name)), or.expectation())
            }
            Ty::Ref(kind) => format!("the name of a {kind}"),
            Ty::Split => "a part of a dataset, such as `corpus.validation`".into(),
            Ty::Checkpoint => "a stage's checkpoint, such as `pretrain.best`".into(),
            Ty::List { of, min, max } if min == max => format!("a list of {min}, each {}", of.expectation()),
            Ty::List { of, .. } => format!("a list, each element {}", of.expectation()),
            Ty::Map { of, .. } => format!("names in braces, each with {}", of.expectation()),
            Ty::Block(_) => "fields in braces".into(),
            Ty::OneOf(types) => format!("one of {}", listed(types().iter().map(|t| t.name))),
        }
    }
}

/// Whether this is a word that some field takes: such names need no declaration.
pub fn is_word(name: &str) -> bool {
    crate::kinds::ALL.iter().flat_map(|k| k.type_list()).any(|t| words_of(t, name))
}

fn words_of(ty: &Type, name: &str) -> bool {
    ty.fields.iter().any(|field| match &field.ty {
        Ty::List { of: Ty::Words(words), .. } => words.iter().any(|w| w.name == name),
        Ty::List { of: Ty::OneOf(types), .. } => types().iter().any(|t| t.name == name || words_of(t, name)),
        Ty::Words(words) | Ty::WordOr(words, _) => words.iter().any(|w| w.name == name),
        Ty::Block(inner) => words_of(inner, name),
        Ty::OneOf(types) => types().iter().any(|t| t.name == name || words_of(t, name)),
        _ => false,
    })
}

/// `a`, `b` and `c` for messages.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|n| format!("`{n}`")).collect();
    match names.as_slice() {
        [] => "nothing".into(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
