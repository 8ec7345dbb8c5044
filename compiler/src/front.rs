//! The front end: from files to checked experiments.
//!
//! [`load`] reads, resolves, evaluates and checks; it reports everything at once. Planned numbers come
//! later: [`Front::check_asserts`] judges the assertions that need them.

use crate::build;
use crate::codes;
use crate::duplicates;
use crate::eval::{Context, Evaluator, FactBook, Stop, Value};
use crate::experiment::Experiment;
use crate::program::overrides::{self, Change, Member};
use crate::program::{Assert, Instance, Origin, Paths, Program, declare, members};
use crate::world::{MemoryWorld, World};
use regimen_base::diagnostic::any_errors;
use regimen_base::{Code, Diagnostic, FileId, Severity, SourceMap, Span};
use regimen_grammar::ast::{BinaryOp, ExprKind, Ident, Path, Spanned};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the command line changes.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--set path=value`: path and value.
    pub set: Vec<(String, String)>,
    /// `--variant name`.
    pub variant: Option<String>,
    /// The only stage that is asked for: of the others only names and values are looked at, not their data. All of them if there is none
    /// of this name.
    pub stage: Option<String>,
}

/// Everything that was loaded.
#[derive(Debug)]
pub struct Front {
    /// One per member of the sweeps, or the only one. Empty if anything is wrong with all of them.
    pub experiments: Vec<Experiment>,
    program: Program,
    members: Vec<Loaded>,
    base: Instance,
    /// What `--set` changes.
    set: Vec<Change>,
    /// Whether a variant was chosen.
    chosen: bool,
    /// The only stage that is asked for.
    stage: Option<String>,
}

/// A variant that was not chosen, as if it had been.
#[derive(Debug)]
pub struct Alternative {
    /// Its name.
    pub name: String,
    /// As those of [`Front`].
    pub experiments: Vec<Experiment>,
    members: Vec<Loaded>,
}

/// Most variants of a file, and most members of sweeps over all of them that are checked one by one.
const MAX_VARIANTS: usize = 256;

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
    let (changes, set) = chosen(&mut program, options, &mut sink);
    let sweeps = overrides::members(&program, &mut sink);
    let base = Instance::new(&program, &changes, None);
    let chosen = options.variant.is_some();
    let mut front = Front {
        experiments: vec![],
        program,
        members: vec![],
        base,
        set,
        chosen,
        stage: options.stage.clone(),
    };
    if sweeps.is_empty() {
        let (built, _) = front.member(front.base.clone(), &[], world, &mut sink);
        front.keep(built);
    }
    let mut seen = BTreeMap::new();
    for (index, (member, name)) in sweeps.iter().zip(members::names(&sweeps)).enumerate() {
        let told = sink.len();
        let instance = swept(&front.program, &changes, member, name, &mut sink);
        let (built, values) = front.member(instance, &member.changes, world, &mut sink);
        // Where two changes contradict each other, or change what is not there, the members are not what the sweep says.
        let contradicted = any_errors(sink.get(told..).unwrap_or(&[]));
        front.keep(built);
        if let Some(earlier) = values.filter(|_| !contradicted).and_then(|values| seen.insert(values, index))
        {
            sink.extend(sweeps.get(earlier).and_then(|earlier| duplicates::equal(member, earlier)));
        }
    }
    let diagnostics = most(unique(sink), &front.program);
    (front, diagnostics)
}

/// One member of the sweeps.
fn swept(
    program: &Program,
    changes: &[Change],
    member: &Member,
    name: members::Name,
    sink: &mut Vec<Diagnostic>,
) -> Instance {
    let mut all = changes.to_vec();
    // `--set` comes after sweeps, so that it would win; setting a swept path is a conflict instead.
    let at = all.iter().position(|c| c.origin == Origin::CommandLine).unwrap_or(all.len());
    all.splice(at..at, member.changes.iter().cloned());
    // Only the command line and a variant may set the same: the command line wins.
    let sets = |c: &&Change| c.origin != Origin::CommandLine;
    let variant = |c: &&Change| !matches!(c.origin, Origin::Variant(_));
    overrides::conflicts(&all.iter().filter(sets).cloned().collect::<Vec<_>>(), sink);
    overrides::conflicts(&all.iter().filter(variant).cloned().collect::<Vec<_>>(), sink);
    Instance::new(program, &all, Some(name))
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

    /// Checks every variant as if it were chosen, unless one was: variants must not rot. Says what is wrong with them and not `known`
    /// without them, once, and in which variant.
    pub fn alternatives(
        &self,
        world: &dyn World,
        known: &[Diagnostic],
    ) -> (Vec<Alternative>, Vec<Diagnostic>) {
        let variants = &self.program.variants;
        if self.chosen || variants.is_empty() {
            return (vec![], vec![]);
        }
        if let Some(first) = variants.get(MAX_VARIANTS) {
            let (what, limit) = ("the experiment", format!("{MAX_VARIANTS} variants"));
            return (vec![], vec![codes::e0212::too_large(what, &limit, Some(first.name.span))]);
        }
        let mut sweeps = overrides::members(&self.program, &mut vec![]);
        // What is wrong with a variant is hardly ever wrong with one member only.
        if sweeps.len().saturating_mul(variants.len()) > MAX_VARIANTS {
            sweeps.truncate(1);
        }
        let (mut all, mut news) = (vec![], News::since(known));
        for variant in variants {
            let (alternative, found) = self.alternative(variant, &sweeps, world);
            news.add(found, &alternative.name);
            all.push(alternative);
        }
        (all, news.found)
    }

    fn alternative(
        &self,
        variant: &Paths,
        sweeps: &[Member],
        world: &dyn World,
    ) -> (Alternative, Vec<Diagnostic>) {
        let origin = Origin::Variant(variant.name.node.clone());
        let (name, mut sink) = (variant.name.node.clone(), vec![]);
        let entries = variant.entries.iter();
        let mut changes: Vec<Change> = entries
            .filter_map(|(path, value)| overrides::change(&self.program, path, value, &origin, &mut sink))
            .collect();
        changes.extend(self.set.iter().cloned());
        let mut alternative = Alternative { name, experiments: vec![], members: vec![] };
        let instances: Vec<Instance> = match sweeps {
            [] => vec![Instance::new(&self.program, &changes, None)],
            _ => {
                let named = sweeps.iter().zip(members::names(sweeps));
                named.map(|(m, name)| swept(&self.program, &changes, m, name, &mut sink)).collect()
            }
        };
        for instance in instances {
            if let (Some((experiment, loaded)), _) = self.member(instance, &[], world, &mut sink) {
                alternative.experiments.push(experiment);
                alternative.members.push(loaded);
            }
        }
        (alternative, sink)
    }

    /// Judges the assertions that need planned numbers, for the experiment with this index.
    pub fn check_asserts(&self, experiment: usize, planned: &Planned) -> Vec<Diagnostic> {
        self.late_asserts(self.members.get(experiment), planned)
    }

    /// The same for an experiment of a variant.
    pub fn check_asserts_of(
        &self,
        alternative: &Alternative,
        experiment: usize,
        planned: &Planned,
    ) -> Vec<Diagnostic> {
        self.late_asserts(alternative.members.get(experiment), planned)
    }

    fn late_asserts(&self, member: Option<&Loaded>, planned: &Planned) -> Vec<Diagnostic> {
        let Some(member) = member else { return vec![] };
        let nowhere = MemoryWorld::default();
        let eval = Evaluator::new(&self.program, &member.instance, &nowhere)
            .with_facts(member.facts.clone())
            .with_plan(planned);
        let found = self.asserts(&eval, true);
        // What does not need the plan was reported by `load`.
        eval.take_diagnostics().into_iter().chain(found).collect()
    }

    /// Builds and checks one member; beside it the values of what a sweep changes ([`duplicates::values`]).
    fn member(
        &self,
        instance: Instance,
        swept: &[Change],
        world: &dyn World,
        sink: &mut Vec<Diagnostic>,
    ) -> (Option<(Experiment, Loaded)>, Option<String>) {
        let eval = Evaluator::new(&self.program, &instance, world);
        let experiment = build::experiment(&eval, self.stage.as_deref());
        let asserts = self.asserts(&eval, false);
        sink.extend(eval.take_diagnostics());
        sink.extend(asserts);
        let (facts, values) = (eval.facts(), duplicates::values(&eval, swept));
        let built = match experiment {
            _ if any_errors(sink) => None,
            Ok(experiment) => Some((experiment, Loaded { instance, facts })),
            // Whoever gave up should have said why.
            Err(place) => {
                sink.push(codes::e0602::lost(place));
                None
            }
        };
        (built, values)
    }

    fn keep(&mut self, built: Option<(Experiment, Loaded)>) {
        if let Some((experiment, loaded)) = built {
            self.experiments.push(experiment);
            self.members.push(loaded);
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
        codes::e0750::failed(
            message,
            sides.as_deref(),
            eval.instance.member.as_ref().map(|m| m.label.as_str()),
            assert.condition.span,
        )
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

/// Changes by the chosen variant, then by `--set`; and those by `--set` alone.
fn chosen(
    program: &mut Program,
    options: &Options,
    sink: &mut Vec<Diagnostic>,
) -> (Vec<Change>, Vec<Change>) {
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
    all.extend(changes.iter().cloned());
    (all, changes)
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
    let mut seen = BTreeSet::new();
    let mut all: Vec<Diagnostic> = diagnostics.into_iter().filter(|d| seen.insert(identity(d))).collect();
    all.sort_by_key(place);
    all
}

/// As many diagnostics as anybody reads, and how many there are besides.
fn most(mut diagnostics: Vec<Diagnostic>, program: &Program) -> Vec<Diagnostic> {
    let more = diagnostics.len().saturating_sub(MOST);
    if more > 0 {
        diagnostics.truncate(MOST);
        let end = program.sources.iter().last().map(|(file, source)| {
            let end = source.text.len();
            Span::new(file, end, end)
        });
        diagnostics.extend(end.map(|end| regimen_grammar::codes::e0125::more(more, end)));
    }
    diagnostics
}

/// Diagnostics of an experiment that are told one by one.
const MOST: usize = 1_000;

fn place(diagnostic: &Diagnostic) -> Option<(FileId, u32)> {
    diagnostic.labels.first().map(|l| (l.span.file, l.span.start))
}

/// What makes two diagnostics the same.
type Identity = (Code, String, Option<(FileId, u32)>);

fn identity(diagnostic: &Diagnostic) -> Identity {
    (diagnostic.code, diagnostic.title.clone(), place(diagnostic))
}

/// Errors and warnings that variants bring.
#[derive(Debug)]
pub struct News {
    seen: BTreeSet<Identity>,
    /// Each with the first variant that it is true of.
    pub found: Vec<Diagnostic>,
}

impl News {
    /// Nothing new yet.
    pub fn since(known: &[Diagnostic]) -> News {
        News { seen: known.iter().map(identity).collect(), found: vec![] }
    }

    /// Adds what is new of a variant's diagnostics; what is only worth knowing of it is left to those who choose it.
    pub fn add(&mut self, diagnostics: Vec<Diagnostic>, variant: &str) {
        for diagnostic in diagnostics {
            let listed = diagnostic.severity != Severity::Note && self.found.len() < MOST;
            if listed && self.seen.insert(identity(&diagnostic)) {
                self.found.push(diagnostic.because(format!("This is so in variant `{variant}`.")));
            }
        }
    }
}
