//! A program with its derivations expanded and a set of changes applied: what one experiment is made of.

use super::members::Name;
use super::overrides::{Change, Target};
use super::{Block, Form, LetId, ObjectId, Origin, Program, ScopeId};
use crate::hardware::Entry;
use crate::schema::Type;
use regimen_base::Span;
use regimen_grammar::ast::Expr;
use std::sync::Arc;

/// Every declaration with all its settings.
#[derive(Clone, Debug)]
pub struct Instance {
    /// By [`ObjectId`].
    pub objects: Vec<Expanded>,
    /// By [`LetId`].
    pub lets: Vec<Bound>,
    /// What distinguishes this member of a sweep.
    pub member: Option<Name>,
}

/// A declaration with everything it inherits.
#[derive(Clone, Debug)]
pub struct Expanded {
    /// Its fields; `None` if its type or base was reported.
    pub ty: Option<&'static Type>,
    /// The type as written in the declaration that began the chain.
    pub type_name: String,
    /// The entry of the hardware catalogue.
    pub entry: Option<Arc<Entry>>,
    /// All settings, own ones over inherited ones.
    pub block: Block,
}

/// The value of a `let`.
#[derive(Clone, Debug)]
pub struct Bound {
    /// What it is.
    pub value: Arc<Expr>,
    /// The file whose names it may use.
    pub scope: ScopeId,
    /// Who set it.
    pub origin: Origin,
}

impl Instance {
    /// Expands everything: each declaration is its base, then its own body, then the changes made to it.
    pub fn new(program: &Program, changes: &[Change], member: Option<Name>) -> Instance {
        let broken = |span: Span| Expanded {
            ty: None,
            type_name: String::new(),
            entry: None,
            block: Block::empty(span),
        };
        let mut objects: Vec<Expanded> = program.objects.iter().map(|o| broken(o.span)).collect();
        for id in &program.order {
            objects[id.0 as usize] = expand(program, *id, &objects, changes);
        }
        let lets = (0..program.lets.len()).map(|i| bind(program, LetId(i as u32), changes)).collect();
        Instance { objects, lets, member }
    }

    /// A declaration with everything it inherits.
    pub fn object(&self, id: ObjectId) -> &Expanded {
        &self.objects[id.0 as usize]
    }
}

fn expand(program: &Program, id: ObjectId, done: &[Expanded], changes: &[Change]) -> Expanded {
    let object = program.object(id);
    let mut expanded = match &object.form {
        Form::Typed { ty, name, entry } => Expanded {
            ty: *ty,
            type_name: name.clone(),
            entry: entry.clone(),
            block: Block::empty(object.body.span),
        },
        Form::Derived(Some(base)) => done[base.0 as usize].clone(),
        Form::Derived(None) => {
            return Expanded {
                ty: None,
                type_name: String::new(),
                entry: None,
                block: Block::empty(object.span),
            };
        }
    };
    expanded.block.span = object.body.span;
    expanded.block.apply(&object.body);
    for change in changes {
        if let Target::Field(target, patch) = &change.target
            && *target == id
        {
            expanded.block.apply(patch);
        }
    }
    expanded
}

fn bind(program: &Program, id: LetId, changes: &[Change]) -> Bound {
    let own = &program.lets[id.0 as usize];
    let first = Bound { value: own.value.clone(), scope: own.scope, origin: Origin::Written };
    changes.iter().fold(first, |before, change| match &change.target {
        Target::Let(target, value) if *target == id => {
            Bound { value: value.clone(), scope: super::ROOT, origin: change.origin.clone() }
        }
        _ => before,
    })
}
