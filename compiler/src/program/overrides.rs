//! Changes from outside the declarations: `--set`, `--variant`, sweeps.

use super::block::{Block, Origin, Setting, Term};
use super::{LetId, Named, ObjectId, Paths, Program, ROOT, What};
use crate::codes;
use regimen_base::{Diagnostic, Span};
use regimen_grammar::ast::{Expr, Ident, Path, Relation, Spanned};
use std::sync::Arc;

/// Most members of all sweeps together.
const MAX_MEMBERS: usize = 256;

/// One value set from outside.
#[derive(Clone, Debug)]
pub struct Change {
    /// What is changed, and to what.
    pub target: Target,
    /// Who does it.
    pub origin: Origin,
    /// The path as written, to find two changes of the same thing.
    pub path: String,
    /// Where that is written.
    pub span: Span,
}

impl Change {
    /// Where the value is written.
    pub fn value_span(&self) -> Span {
        match &self.target {
            Target::Field(_, patch) => patch.span,
            Target::Let(_, value) => value.span,
        }
    }
}

/// What is changed.
#[derive(Clone, Debug)]
pub enum Target {
    /// A field of a declaration.
    Field(ObjectId, Block),
    /// A `let`.
    Let(LetId, Arc<Expr>),
}

/// A member of the sweeps: its name and its changes.
#[derive(Clone, Debug)]
pub struct Member {
    /// `pretrain.optimizer.lr=3e-4`.
    pub label: String,
    /// The same with every character of the values.
    pub written: String,
    /// What it changes.
    pub changes: Vec<Change>,
}

/// The change that sets `path` to `value`; `None` if the path was reported.
pub fn change(
    program: &Program,
    path: &Path,
    value: &Arc<Expr>,
    origin: &Origin,
    sink: &mut Vec<Diagnostic>,
) -> Option<Change> {
    let shown = path.parts.iter().map(|p| p.node.as_str()).collect::<Vec<_>>().join(".");
    let finish = |target| Change { target, origin: origin.clone(), path: shown.clone(), span: path.span };
    let (target, used) = find(program, path, sink)?;
    let rest = path.parts.get(used..).unwrap_or(&[]);
    match (target, rest.split_last()) {
        (What::Let(id), None) => Some(finish(Target::Let(id, value.clone()))),
        (What::Object(id), Some((last, before))) => {
            let mut patch = Block { partial: true, ..Block::empty(value.span) };
            let relation =
                if program.object(id).kind.name == "budget" { Relation::AtMost } else { Relation::Is };
            let setting = Setting {
                name: last.clone(),
                relation: Spanned { node: relation, span: path.span },
                term: Term::read(value, ROOT, origin, sink),
                scope: ROOT,
                origin: origin.clone(),
            };
            patch.insert(before, setting, sink);
            Some(finish(Target::Field(id, patch)))
        }
        (What::Broken, _) => None,
        _ => {
            sink.push(codes::e0216::not_settable(path));
            None
        }
    }
}

/// What a path begins with, and how many parts name it. `experiment.seed` and `budget.pretrain.time` reach
/// declarations that have no name in expressions.
fn find(program: &Program, path: &Path, sink: &mut Vec<Diagnostic>) -> Option<(What, usize)> {
    if let Some((Named { what, .. }, used)) = program.lookup(ROOT, &path.parts) {
        return Some((what, used));
    }
    let first = path.parts.first().map_or("", |p| p.node.as_str());
    let second = path.parts.get(1).map_or("", |p| p.node.as_str());
    let experiment = program.of_kind("experiment").next();
    match first {
        "budget" => {
            if let Some(budget) = program.budget_of(second) {
                return Some((What::Object(budget), 2));
            }
        }
        _ => {
            if let Some((id, object)) = experiment
                && (first == "experiment" || object.name.node == first)
            {
                return Some((What::Object(id), 1));
            }
        }
    }
    let names = program.candidates(sink.len(), ROOT, &path.parts);
    sink.push(codes::e0205::unknown_name(path, &names));
    None
}

/// Two changes of the same path are a conflict: neither is more important.
pub fn conflicts(changes: &[Change], sink: &mut Vec<Diagnostic>) {
    for (i, change) in changes.iter().enumerate() {
        if let Some(before) = changes[..i].iter().find(|c| c.path == change.path) {
            let name: Ident = Spanned { node: change.path.clone(), span: change.span };
            sink.push(codes::e0208::set_twice(&name, before.span));
        }
    }
}

/// All members of all sweeps: within a sweep the product of its lists, or side by side; between sweeps the
/// product. Empty without sweeps.
pub fn members(program: &Program, sink: &mut Vec<Diagnostic>) -> Vec<Member> {
    let mut all: Vec<Member> = vec![];
    for sweep in &program.sweeps {
        if sweep.entries.is_empty() {
            sink.push(codes::e0313::nothing(&sweep.name));
            continue;
        }
        let axes = axes(program, sweep, sink);
        let rows = if sweep.zip { zipped(sweep, &axes, sink) } else { product(&axes) };
        let Some(rows) = rows.filter(|r| all.len().max(1).saturating_mul(r.len()) <= MAX_MEMBERS) else {
            if !sink.iter().any(|d| d.labels.iter().any(|l| l.span == sweep.name.span)) {
                sink.push(codes::e0313::too_many_members(&sweep.name, MAX_MEMBERS));
            }
            continue;
        };
        all = combine(&all, &rows);
    }
    all
}

/// One entry of a sweep: a member for each of its values.
type Axis = Vec<Member>;

fn axes(program: &Program, sweep: &Paths, sink: &mut Vec<Diagnostic>) -> Vec<Axis> {
    let origin = Origin::Sweep(sweep.name.node.clone());
    let mut axes = vec![];
    for (path, value) in &sweep.entries {
        let Some(values) = list(program, value) else {
            sink.push(codes::e0313::not_a_list(path, value.span));
            continue;
        };
        if values.is_empty() {
            sink.push(codes::e0313::empty(path, value.span));
            continue;
        }
        let name = path.parts.iter().map(|p| p.node.as_str()).collect::<Vec<_>>().join(".");
        let mut axis = vec![];
        for value in values {
            let text = program.sources.slice(value.span);
            let shown = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let Some(change) = change(program, path, &Arc::new(value.clone()), &origin, sink) else { break };
            axis.push(Member {
                label: format!("{name}={shown}"),
                written: format!("{name}={text}"),
                changes: vec![change],
            });
        }
        axes.push(axis);
    }
    axes.retain(|a| !a.is_empty());
    axes
}

/// The elements of a list, or of a `let` that holds one.
fn list(program: &Program, value: &Expr) -> Option<Vec<Expr>> {
    use regimen_grammar::ast::ExprKind;
    match &value.kind {
        ExprKind::List(values) => Some(values.clone()),
        ExprKind::Path(path) => match program.lookup(ROOT, &path.parts)?.0.what {
            What::Let(id) => match &program.lets[id.0 as usize].value.kind {
                ExprKind::List(values) => Some(values.clone()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn product(axes: &[Axis]) -> Option<Vec<Member>> {
    let size = axes.iter().try_fold(1usize, |n, axis| n.checked_mul(axis.len()))?;
    if size > MAX_MEMBERS {
        return None;
    }
    Some(axes.iter().fold(vec![], |rows, axis| combine(&rows, axis)))
}

fn zipped(sweep: &Paths, axes: &[Axis], sink: &mut Vec<Diagnostic>) -> Option<Vec<Member>> {
    let length = axes.first().map_or(0, Vec::len);
    if axes.iter().any(|a| a.len() != length) {
        let lengths: Vec<usize> = axes.iter().map(Vec::len).collect();
        sink.push(codes::e0313::unequal_lengths(&sweep.name, &lengths));
        return None;
    }
    let row = |i: usize| Member {
        label: axes.iter().map(|a| a[i].label.as_str()).collect::<Vec<_>>().join(" "),
        written: axes.iter().map(|a| a[i].written.as_str()).collect::<Vec<_>>().join(" "),
        changes: axes.iter().flat_map(|a| a[i].changes.iter().cloned()).collect(),
    };
    (length <= MAX_MEMBERS).then(|| (0..length).map(row).collect())
}

/// Every row with every other; one side alone if the other is empty.
fn combine(rows: &[Member], others: &[Member]) -> Vec<Member> {
    if rows.is_empty() || others.is_empty() {
        return if rows.is_empty() { others.to_vec() } else { rows.to_vec() };
    }
    let both = |a: &Member, b: &Member| Member {
        label: format!("{} {}", a.label, b.label),
        written: format!("{} {}", a.written, b.written),
        changes: a.changes.iter().chain(&b.changes).cloned().collect(),
    };
    rows.iter().flat_map(|a| others.iter().map(move |b| both(a, b))).collect()
}
