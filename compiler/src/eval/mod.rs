//! Values on demand: each field, `let` and member is evaluated when somebody asks, once.
//!
//! Asking for something that is being evaluated is a cycle; it is reported with all its steps. A value that
//! was reported stays reported: whoever needs it fails silently ([`Stop::Reported`]).

mod check;
mod checked;
mod draft;
mod expr;
mod literal;
mod members;
mod names;

pub use crate::program::ObjectId;
pub use checked::{Checked, Fields, MapEntry, Value};
pub use draft::{FactBook, StageNumbers, available};
pub use expr::{Context, FUNCTIONS};

use crate::codes;
use crate::front::Planned;
use crate::program::{Instance, LetId, Program};
use crate::world::World;
use regimen_base::{Diagnostic, Span};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Deepest nesting of evaluations; beyond it the stack would be at risk.
const MAX_DEPTH: u32 = 150;

/// Most elements of all lists together: lists of lists multiply.
const MAX_ELEMENTS: usize = 100_000;

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The reason was reported; do not report it again.
    Reported,
    /// It depends on a number that only planning knows, read at this place.
    NeedsPlan(Span),
}

/// What is evaluated once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Let(LetId),
    Field(ObjectId, String),
    Member(ObjectId, &'static str),
}

/// Evaluates one [`Instance`].
pub struct Evaluator<'a> {
    /// What the files declare.
    pub program: &'a Program,
    /// With changes applied.
    pub instance: &'a Instance,
    world: &'a dyn World,
    planned: Option<&'a Planned>,
    memo: RefCell<BTreeMap<Key, Result<Checked, Stop>>>,
    /// What is being evaluated, and where that was asked for.
    stack: RefCell<Vec<(Key, Span)>>,
    depth: Cell<u32>,
    /// Elements of all lists that were made or copied so far.
    elements: Cell<usize>,
    facts: RefCell<FactBook>,
    sink: RefCell<Vec<Diagnostic>>,
}

impl std::fmt::Debug for Evaluator<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Evaluator").field("instance", &self.instance.member).finish_non_exhaustive()
    }
}

impl<'a> Evaluator<'a> {
    /// Nothing evaluated yet.
    pub fn new(program: &'a Program, instance: &'a Instance, world: &'a dyn World) -> Evaluator<'a> {
        Evaluator {
            program,
            instance,
            world,
            planned: None,
            memo: RefCell::default(),
            stack: RefCell::default(),
            depth: Cell::new(0),
            elements: Cell::new(0),
            facts: RefCell::default(),
            sink: RefCell::default(),
        }
    }

    /// With the numbers that planning found.
    pub fn with_plan(self, planned: &'a Planned) -> Evaluator<'a> {
        Evaluator { planned: Some(planned), ..self }
    }

    /// Everything reported so far.
    pub fn take_diagnostics(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.sink.borrow_mut())
    }

    /// Reports, and gives the mark that it was.
    pub fn report(&self, diagnostic: Diagnostic) -> Stop {
        self.sink.borrow_mut().push(diagnostic);
        Stop::Reported
    }

    /// How many diagnostics there are.
    fn reported(&self) -> usize {
        self.sink.borrow().len()
    }

    /// Evaluates once; a second request while the first runs is a cycle.
    fn once(
        &self,
        key: Key,
        at: Span,
        evaluate: impl FnOnce() -> Result<Checked, Stop>,
    ) -> Result<Checked, Stop> {
        if let Some(known) = self.memo.borrow().get(&key) {
            return known.clone();
        }
        if self.stack.borrow().iter().any(|(k, _)| *k == key) {
            return Err(self.cycle(&key, at));
        }
        self.stack.borrow_mut().push((key.clone(), at));
        let result = evaluate();
        self.stack.borrow_mut().pop();
        // A cycle may have been found, and reported, below.
        self.memo.borrow_mut().entry(key).or_insert(result).clone()
    }

    /// Evaluates once what cannot be asked for while it runs: whole declarations.
    fn once_unguarded(
        &self,
        key: Key,
        evaluate: impl FnOnce() -> Result<Checked, Stop>,
    ) -> Result<Checked, Stop> {
        if let Some(known) = self.memo.borrow().get(&key) {
            return known.clone();
        }
        let result = evaluate();
        self.memo.borrow_mut().entry(key).or_insert(result).clone()
    }

    /// Evaluates with `key` on the stack, without keeping the result: it depends on who asks.
    fn through<T>(&self, key: Key, at: Span, evaluate: impl FnOnce() -> Result<T, Stop>) -> Result<T, Stop> {
        if self.stack.borrow().iter().any(|(k, _)| *k == key) {
            return Err(self.cycle(&key, at));
        }
        self.stack.borrow_mut().push((key, at));
        let result = evaluate();
        self.stack.borrow_mut().pop();
        result
    }

    /// Reports the steps from the first request for `key` to this one, and settles all of them.
    fn cycle(&self, key: &Key, at: Span) -> Stop {
        let stack = self.stack.borrow();
        let start = stack.iter().position(|(k, _)| k == key).unwrap_or(0);
        let round = stack.get(start..).unwrap_or(&[]);
        // Each step is shown where the next was asked for.
        let asked = round.iter().skip(1).map(|(_, span)| *span).chain([at]);
        let mut steps: Vec<(String, Span)> = round.iter().map(|(k, _)| self.describe(k)).zip(asked).collect();
        steps.push((self.describe(key), at));
        for (step, _) in round {
            self.memo.borrow_mut().insert(step.clone(), Err(Stop::Reported));
        }
        self.report(codes::e0209::cycle(&steps))
    }

    fn describe(&self, key: &Key) -> String {
        match key {
            Key::Let(id) => self.program.lets[id.0 as usize].flat.clone(),
            Key::Field(id, path) => format!("{}.{path}", self.program.object(*id).flat),
            Key::Member(id, name) => format!("{}.{name}", self.program.object(*id).flat),
        }
    }

    /// Guards the stack.
    fn deeper<T>(&self, at: Span, evaluate: impl FnOnce() -> Result<T, Stop>) -> Result<T, Stop> {
        if self.depth.get() >= MAX_DEPTH {
            let limit = format!("{MAX_DEPTH} steps deep");
            return Err(self.report(codes::e0212::too_large("this computation", &limit, Some(at))));
        }
        self.depth.set(self.depth.get() + 1);
        let result = evaluate();
        self.depth.set(self.depth.get() - 1);
        result
    }

    /// Guards the memory: counts elements of lists before they are made or copied, and says once that there are too many.
    fn count_elements(&self, more: usize, at: Span) -> Result<(), Stop> {
        let before = self.elements.get();
        self.elements.set(before.saturating_add(more));
        match (before > MAX_ELEMENTS, self.elements.get() > MAX_ELEMENTS) {
            (true, _) => Err(Stop::Reported),
            (_, true) => {
                let limit = format!("{MAX_ELEMENTS} elements in all lists");
                Err(self.report(codes::e0212::too_large("this list", &limit, Some(at))))
            }
            _ => Ok(()),
        }
    }

    /// What may be known from outside.
    pub fn world(&self) -> &'a dyn World {
        self.world
    }

    /// The name of a declaration in the whole experiment.
    pub fn object_name(&self, id: ObjectId) -> String {
        self.program.object(id).flat.clone()
    }
}
