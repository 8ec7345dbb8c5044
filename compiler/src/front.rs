//! The front end: from files to checked experiments.
//!
//! [`load`] reads, resolves, evaluates and checks; it reports everything at once. Planned numbers come
//! later: [`Front::check_asserts`] judges the assertions that need them.

use crate::build;
use crate::codes;
use crate::eval::{Context, Evaluator, FactBook, Stop, Value};
use crate::experiment::Experiment;
use crate::program::overrides::{self, Change};
use crate::program::{Assert, Instance, Origin, Program, declare};
use crate::world::{MemoryWorld, World};
use regimen_base::diagnostic::any_errors;
use regimen_base::{Diagnostic, SourceMap, Span};
use regimen_grammar::ast::{BinaryOp, ExprKind, Ident, Path, Spanned};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What the command line changes.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--set path=value`: path and value.
    pub set: Vec<(String, String)>,
    /// `--variant name`.
    pub variant: Option<String>,
}

/// Everything that was loaded.
#[derive(Debug)]
pub struct Front {
    /// One per member of the sweeps, or the only one. Empty if anything is wrong with all of them.
    pub experiments: Vec<Experiment>,
    program: Program,
    members: Vec<Loaded>,
    base: Instance,
}

/// A member of the sweeps, kept for its assertions. Entry i belongs to experiment i.
#[derive(Debug)]
struct Loaded {
    instance: Instance,
    facts: FactBook,
}

/// Numbers that planning found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Planned {
    /// One per planned stage.
    pub stages: Vec<PlannedStage>,
}

/// Numbers that planning found for one stage.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlannedStage {
    /// Name of the stage.
    pub name: String,
    /// FLOPs of the whole stage.
    pub flops: f64,
    /// Bytes of one device at the worst instant.
    pub memory: u64,
    /// Wall-clock time.
    pub seconds: f64,
    /// Price, if the hardware has one.
    pub dollars: Option<f64>,
    /// Energy, if the hardware's power is known.
    pub joules: Option<f64>,
}

/// Reads an experiment and everything that it imports. Paths are relative to the experiment's folder.
pub fn load(world: &dyn World, root: &str, options: &Options) -> (Front, Vec<Diagnostic>) {
    let (mut program, mut sink) = declare::program(world, root);
    let changes = chosen(&mut program, options, &mut sink);
    let sweeps = overrides::members(&program, &mut sink);
    let base = Instance::new(&program, &changes, None);
    let mut front = Front { experiments: vec![], program, members: vec![], base };
    if sweeps.is_empty() {
        front.member(front.base.clone(), world, &mut sink);
    }
    for member in sweeps {
        let mut all = changes.clone();
        // `--set` comes after sweeps, so that it would win; setting a swept path is a conflict instead.
        let at = all.iter().position(|c| c.origin == Origin::CommandLine).unwrap_or(all.len());
        all.splice(at..at, member.changes.iter().cloned());
        let outside: Vec<Change> =
            all.iter().filter(|c| !matches!(c.origin, Origin::Variant(_))).cloned().collect();
        overrides::conflicts(&outside, &mut sink);
        let instance = Instance::new(&front.program, &all, Some(member.label));
        front.member(instance, world, &mut sink);
    }
    (front, unique(sink))
}

impl Front {
    /// All texts, for rendering diagnostics.
    pub fn sources(&self) -> &SourceMap {
        &self.program.sources
    }

    /// What the files declare.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The declarations with variants and `--set` applied, without sweeps.
    pub fn base(&self) -> &Instance {
        &self.base
    }

    /// What was found out of files, if an experiment could be built.
    pub fn facts(&self) -> Option<FactBook> {
        self.members.first().map(|m| m.facts.clone())
    }

    /// Judges the assertions that need planned numbers, for the experiment with this index.
    pub fn check_asserts(&self, experiment: usize, planned: &Planned) -> Vec<Diagnostic> {
        let Some(member) = self.members.get(experiment) else { return vec![] };
        let nowhere = MemoryWorld::default();
        let eval = Evaluator::new(&self.program, &member.instance, &nowhere)
            .with_facts(member.facts.clone())
            .with_plan(planned);
        let found = self.asserts(&eval, true);
        // What does not need the plan was reported by `load`.
        eval.take_diagnostics().into_iter().chain(found).collect()
    }

    /// Builds and checks one member.
    fn member(&mut self, instance: Instance, world: &dyn World, sink: &mut Vec<Diagnostic>) {
        let eval = Evaluator::new(&self.program, &instance, world);
        let experiment = build::experiment(&eval);
        let asserts = self.asserts(&eval, false);
        sink.extend(eval.take_diagnostics());
        sink.extend(asserts);
        let facts = eval.facts();
        match experiment {
            _ if any_errors(sink) => {}
            Ok(experiment) => {
                self.experiments.push(experiment);
                self.members.push(Loaded { instance, facts });
            }
            // Whoever gave up should have said why.
            Err(place) => sink.push(codes::e0602::lost(place)),
        }
    }

    /// Judges assertions: those that need the plan (`late`), or those that do not.
    fn asserts(&self, eval: &Evaluator<'_>, late: bool) -> Vec<Diagnostic> {
        let judge = |assert: &Assert| {
            let context = Context { scope: assert.scope, owner: None };
            let needs_plan = late && self.needs_plan(eval, assert);
            if late && !needs_plan {
                return None;
            }
            match eval.truth(&assert.condition, context) {
                Ok(false) => Some(self.failed(eval, assert)),
                Ok(true) | Err(Stop::Reported | Stop::NeedsPlan(_)) => None,
            }
        };
        self.program.asserts.iter().filter_map(judge).collect()
    }

    /// Whether an assertion could not be judged without the plan.
    fn needs_plan(&self, eval: &Evaluator<'_>, assert: &Assert) -> bool {
        let nowhere = MemoryWorld::default();
        let before = Evaluator::new(&self.program, eval.instance, &nowhere).with_facts(eval.facts());
        let context = Context { scope: assert.scope, owner: None };
        matches!(before.truth(&assert.condition, context), Err(Stop::NeedsPlan(_)))
    }

    fn failed(&self, eval: &Evaluator<'_>, assert: &Assert) -> Diagnostic {
        let message = assert.message.as_ref().map(|m| m.node.as_str());
        let sides = self.sides(eval, assert);
        codes::e0750::failed(message, sides.as_deref(), eval.instance.label.as_deref(), assert.condition.span)
    }

    /// `2_400 tokens >= 20_000 tokens` for a comparison.
    fn sides(&self, eval: &Evaluator<'_>, assert: &Assert) -> Option<String> {
        let ExprKind::Binary { op, left, right } = &assert.condition.kind else { return None };
        if matches!(op.node, BinaryOp::And | BinaryOp::Or) {
            return None;
        }
        let context = Context { scope: assert.scope, owner: None };
        let (left, right) = (eval.eval(left, context).ok()?, eval.eval(right, context).ok()?);
        let (Value::Quantity(a), Value::Quantity(b)) = (left, right) else { return None };
        Some(format!("{a} {} {b} is false", self.program.sources.slice(op.span)))
    }
}

/// Changes by the chosen variant, then by `--set`.
fn chosen(program: &mut Program, options: &Options, sink: &mut Vec<Diagnostic>) -> Vec<Change> {
    let mut changes = vec![];
    let mut all = vec![];
    if let Some(name) = &options.variant {
        let file = program.sources.add("--variant", name.clone());
        let word = Ident { node: name.clone(), span: Span::new(file, 0, name.len()) };
        match program.variants.iter().find(|v| v.name.node == *name) {
            Some(variant) => {
                let origin = Origin::Variant(name.clone());
                let entries = variant.entries.iter();
                all.extend(
                    entries
                        .filter_map(|(path, value)| overrides::change(program, path, value, &origin, sink)),
                );
            }
            None => {
                let names: Vec<&str> = program.variants.iter().map(|v| v.name.node.as_str()).collect();
                sink.push(codes::e0217::unknown_variant(&word, &names));
            }
        }
    }
    // Variants that are not chosen must not rot.
    for variant in program.variants.iter().filter(|v| Some(&v.name.node) != options.variant.as_ref()) {
        for (path, value) in &variant.entries {
            overrides::change(program, path, value, &Origin::Written, sink);
        }
    }
    for (path, value) in &options.set {
        changes.extend(set(program, path, value, sink));
    }
    overrides::conflicts(&changes, sink);
    all.extend(changes);
    all
}

/// `--set path=value`.
fn set(program: &mut Program, path: &str, value: &str, sink: &mut Vec<Diagnostic>) -> Option<Change> {
    let text = format!("{path}={value}");
    let file = program.sources.add("--set", text);
    // Blanks before the value, so that its places are those in the whole text.
    let (expr, diagnostics) =
        regimen_grammar::parse_expression(file, &format!("{:width$}{value}", "", width = path.len() + 1));
    sink.extend(diagnostics);
    let mut parts: Vec<Ident> = vec![];
    let mut at = 0;
    for part in path.split('.') {
        let name = part.trim();
        let start = at + (part.len() - part.trim_start().len());
        parts.push(Spanned { node: name.to_string(), span: Span::new(file, start, start + name.len()) });
        at += part.len() + 1;
    }
    let path = Path { parts, span: Span::new(file, 0, path.len()) };
    overrides::change(program, &path, &Arc::new(expr?), &Origin::CommandLine, sink)
}

/// Members of a sweep share most of their mistakes: each is told once, in the order of the text.
fn unique(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let place = |d: &Diagnostic| d.labels.first().map(|l| (l.span.file, l.span.start));
    let mut seen = BTreeSet::new();
    let mut all: Vec<Diagnostic> =
        diagnostics.into_iter().filter(|d| seen.insert((d.code, d.title.clone(), place(d)))).collect();
    all.sort_by_key(place);
    all
}
