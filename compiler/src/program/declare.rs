//! Collects what the files declare: names, kinds, types, bases.

use super::block::{Block, Origin};
use super::files::{self, File};
use super::{Assert, Form, Let, Named, Object, ObjectId, Paths, Program, ROOT, Scope, ScopeId, What};
use crate::codes;
use crate::hardware::Shelf;
use crate::quantity::units;
use crate::schema::{Kind, Types};
use crate::world::World;
use petgraph::graph::{DiGraph, NodeIndex};
use regimen_base::{Diagnostic, Span};
use regimen_grammar::ast::{Ast, Declaration, Derivation, ExprKind, Ident, Item, Relation};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Longest name of an experiment or a stage.
const MAX_NAME: usize = 80;

/// Longest chain of derivations.
const MAX_DERIVATIONS: usize = 64;

/// Most declarations, over all files.
const MAX_DECLARATIONS: usize = 5_000;

/// Most entries of a variant or a sweep.
const MAX_ENTRIES: usize = 1_000;

/// Mistakes after which no names are suggested any more.
const MOST_SUGGESTIONS: usize = 200;

/// Reads all files and collects what they declare.
pub fn program(world: &dyn World, root: &str) -> (Program, Vec<Diagnostic>) {
    let mut sink = vec![];
    let mut program = Program::default();
    let files = files::read_all(world, root, &mut program.sources, &mut sink);
    let shelf = Shelf::new(world);
    let mut collector = Collector { program, shelf, sink, bases: vec![], singles: BTreeMap::new() };
    collector.scopes(&files);
    for (index, file) in files.iter().enumerate() {
        collector.file(ScopeId(index as u32), &file.ast);
    }
    collector.link_bases();
    collector.name_flat();
    collector.check_names_of_budgets();
    (collector.program, collector.sink)
}

struct Collector<'a> {
    program: Program,
    shelf: Shelf<'a>,
    sink: Vec<Diagnostic>,
    /// Derived declarations and the paths of their bases.
    bases: Vec<(ObjectId, regimen_grammar::ast::Path)>,
    /// Names of kinds that have a name space of their own.
    singles: BTreeMap<(&'static str, String), Span>,
}

impl Collector<'_> {
    fn scopes(&mut self, files: &[File]) {
        for file in files {
            let (path, prefix) = (file.path.clone(), file.alias.clone());
            self.program.scopes.push(Scope { path, prefix, names: BTreeMap::new() });
        }
        for (index, file) in files.iter().enumerate() {
            for (alias, target) in &file.imports {
                let what = target.map_or(What::Broken, |t| What::Import(ScopeId(t as u32)));
                self.name(ScopeId(index as u32), alias, what);
            }
        }
    }

    fn file(&mut self, scope: ScopeId, ast: &Ast) {
        for item in &ast.items {
            if self.program.objects.len() + self.program.lets.len() >= MAX_DECLARATIONS {
                let limit = format!("{MAX_DECLARATIONS} declarations");
                self.sink.push(codes::e0212::too_large("the experiment", &limit, None));
                return;
            }
            match item {
                Item::Import { .. } => {}
                Item::Let { name, value, .. } => self.bind(scope, name, value),
                Item::Declare(declaration) => self.declare(scope, declaration),
                Item::Derive(derivation) => self.derive(scope, derivation),
                Item::Assert { condition, message, span } => self.program.asserts.push(Assert {
                    scope,
                    condition: Arc::new(condition.clone()),
                    message: message.clone(),
                    span: *span,
                }),
            }
        }
    }

    fn bind(&mut self, scope: ScopeId, name: &Ident, value: &regimen_grammar::ast::Expr) {
        let id = super::LetId(self.program.lets.len() as u32);
        let value = Arc::new(value.clone());
        self.program.lets.push(Let { name: name.clone(), flat: name.node.clone(), scope, value });
        self.name(scope, name, What::Let(id));
    }

    fn declare(&mut self, scope: ScopeId, declaration: &Declaration) {
        let Some(kind) = self.kind(scope, &declaration.kind, &declaration.name, declaration.span) else {
            return;
        };
        if matches!(kind.types, Types::Paths) {
            return self.paths(kind, declaration);
        }
        let body = Block::read(&declaration.body, None, scope, &Origin::Written, &mut self.sink);
        let form = self.form(scope, kind, declaration, &body);
        self.object(scope, kind, &declaration.name, form, body, declaration.span);
    }

    fn derive(&mut self, scope: ScopeId, derivation: &Derivation) {
        let Some(kind) = self.kind(scope, &derivation.kind, &derivation.name, derivation.span) else {
            return;
        };
        if !matches!(kind.types, Types::Many(_) | Types::Hardware) {
            self.sink.push(codes::e0215::cannot_derive(kind.name, derivation.span));
            return;
        }
        let body = Block::read(&derivation.body, None, scope, &Origin::Written, &mut self.sink);
        if let Some(id) =
            self.object(scope, kind, &derivation.name, Form::Derived(None), body, derivation.span)
        {
            self.bases.push((id, derivation.base.clone()));
        }
    }

    /// The kind of a declaration, if it exists and may stand in this file.
    fn kind(&mut self, scope: ScopeId, word: &Ident, name: &Ident, span: Span) -> Option<&'static Kind> {
        let Some(kind) = Kind::find(&word.node) else {
            self.sink.push(codes::e0201::unknown_kind(word));
            self.name(scope, name, What::Broken);
            return None;
        };
        let only_root = matches!(kind.types, Types::One(_) | Types::Paths);
        if only_root && scope != ROOT {
            self.sink.push(codes::e0213::not_in_import(kind.name, span));
            return None;
        }
        Some(kind)
    }

    /// The type that a declaration names.
    fn form(&mut self, scope: ScopeId, kind: &'static Kind, declaration: &Declaration, body: &Block) -> Form {
        let written = declaration.type_name.as_ref();
        let name = written.map_or_else(|| kind.name.to_string(), |t| t.node.clone());
        let (ty, entry) = match (kind.types, written) {
            (Types::One(only), None) => (Some(only), None),
            (Types::One(only), Some(extra)) => {
                self.sink.push(codes::e0215::no_type_here(kind.name, extra));
                (Some(only), None)
            }
            (Types::Hardware, Some(word)) => {
                let folder = crate::world::folder_of(&self.program.scope(scope).path).to_string();
                let entry = self.shelf.find(word, body, &folder, &mut self.sink);
                (entry.as_ref().map(|e| e.schema()), entry)
            }
            (Types::Many(list), Some(word)) => {
                let found = list().into_iter().find(|t| t.name == word.node);
                if found.is_none() {
                    self.sink.push(codes::e0202::unknown_type(kind, word));
                }
                (found, None)
            }
            (_, None) => {
                self.sink.push(codes::e0215::type_missing(kind, &declaration.name));
                (None, None)
            }
            (Types::Paths, _) => (None, None),
        };
        Form::Typed { ty, name, entry }
    }

    fn object(
        &mut self,
        scope: ScopeId,
        kind: &'static Kind,
        name: &Ident,
        form: Form,
        body: Block,
        span: Span,
    ) -> Option<ObjectId> {
        // Folders of runs bear these names, and file systems take 255 bytes; a sweep adds to them.
        if matches!(kind.name, "experiment" | "stage") && name.node.len() > MAX_NAME {
            let (what, limit) = (format!("the name of this {}", kind.name), format!("{MAX_NAME} characters"));
            self.sink.push(codes::e0212::too_large(&what, &limit, Some(name.span)));
        }
        let id = ObjectId(self.program.objects.len() as u32);
        let shared = !matches!(kind.types, Types::One(_));
        if shared && !self.name(scope, name, What::Object(id)) {
            return None;
        }
        if !shared && !self.single(kind.name, name) {
            return None;
        }
        let flat = name.node.clone();
        self.program.objects.push(Object { kind, name: name.clone(), flat, scope, form, body, span });
        Some(id)
    }

    /// A variant or a sweep.
    fn paths(&mut self, kind: &'static Kind, declaration: &Declaration) {
        if let Some(extra) = &declaration.type_name {
            self.sink.push(codes::e0215::no_type_here(kind.name, extra));
        }
        if !self.single(kind.name, &declaration.name) {
            return;
        }
        if declaration.body.entries.len() > MAX_ENTRIES {
            let limit = format!("{MAX_ENTRIES} entries");
            self.sink.push(codes::e0212::too_large("this block", &limit, Some(declaration.name.span)));
        }
        let is_sweep = kind.name == "sweep";
        let mut paths =
            Paths { name: declaration.name.clone(), entries: vec![], zip: false, span: declaration.span };
        let mut seen: BTreeMap<Vec<&str>, Span> = BTreeMap::new();
        for entry in declaration.body.entries.iter().take(MAX_ENTRIES) {
            if entry.relation.node != Relation::Is {
                self.sink.push(codes::e0222::wrong_relation(&entry.relation, "="));
            }
            let key: Vec<&str> = entry.path.parts.iter().map(|p| p.node.as_str()).collect();
            if let (Some(before), Some(last)) = (seen.get(&key), entry.path.parts.last()) {
                self.sink.push(codes::e0208::set_twice(last, *before));
                continue;
            }
            seen.insert(key.clone(), entry.path.span);
            if is_sweep && key == ["mode"] {
                paths.zip = self.mode(&entry.value);
            } else {
                paths.entries.push((entry.path.clone(), Arc::new(entry.value.clone())));
            }
        }
        if is_sweep { self.program.sweeps.push(paths) } else { self.program.variants.push(paths) }
    }

    /// `mode = zip` of a sweep.
    fn mode(&mut self, value: &regimen_grammar::ast::Expr) -> bool {
        if let ExprKind::Path(path) = &value.kind
            && let [word] = path.parts.as_slice()
        {
            match word.node.as_str() {
                "zip" => return true,
                "product" => return false,
                _ => self.sink.push(codes::e0204::unknown_word(word, &["product", "zip"], "mode")),
            }
        } else {
            self.sink.push(codes::e0305::wrong_type("`product` or `zip`", "something else", value.span));
        }
        false
    }

    /// Declares a name of the file; reports a second declaration and reserved names.
    fn name(&mut self, scope: ScopeId, name: &Ident, what: What) -> bool {
        if units::unit(&name.node).is_some() || name.node == "self" {
            self.sink.push(codes::e0220::reserved(name));
        }
        let names = &mut self.program.scopes[scope.0 as usize].names;
        if let Some(before) = names.get(&name.node) {
            self.sink.push(codes::e0207::declared_twice(name, before.span));
            return false;
        }
        names.insert(name.node.clone(), Named { what, span: name.span });
        true
    }

    /// Declares a name among those of its kind only.
    fn single(&mut self, kind: &'static str, name: &Ident) -> bool {
        if kind == "experiment"
            && let Some((_, first)) = self.singles.iter().find(|(key, _)| key.0 == kind)
        {
            self.sink.push(codes::e0218::two_experiments(name, *first));
            return false;
        }
        let key = (kind, name.node.clone());
        if let Some(before) = self.singles.get(&key) {
            self.sink.push(codes::e0207::declared_twice(name, *before));
            return false;
        }
        self.singles.insert(key, name.span);
        true
    }

    /// Finds the bases of derived declarations and the order to expand them in.
    fn link_bases(&mut self) {
        let mut graph = DiGraph::<ObjectId, ()>::new();
        for (id, _) in self.program.objects() {
            graph.add_node(id);
        }
        for (id, path) in std::mem::take(&mut self.bases) {
            if let Some(base) = self.base(id, &path) {
                self.program.objects[id.0 as usize].form = Form::Derived(Some(base));
                graph.add_edge(NodeIndex::new(base.0 as usize), NodeIndex::new(id.0 as usize), ());
            }
        }
        let mut depth: BTreeMap<ObjectId, usize> = BTreeMap::new();
        // Not the recursive algorithm of Tarjan: chains may be long. Components come in reverse order.
        for group in petgraph::algo::kosaraju_scc(&graph).into_iter().rev() {
            let ids: Vec<ObjectId> = group.iter().map(|n| ObjectId(n.index() as u32)).collect();
            match ids.as_slice() {
                [one] if !graph.contains_edge(group[0], group[0]) => self.place(*one, &mut depth),
                cycle => self.report_derivation_cycle(cycle),
            }
        }
    }

    fn place(&mut self, id: ObjectId, depth: &mut BTreeMap<ObjectId, usize>) {
        let object = self.program.object(id);
        let own = match &object.form {
            Form::Derived(Some(base)) => depth.get(base).map_or(0, |d| d + 1),
            _ => 0,
        };
        if own > MAX_DERIVATIONS {
            let (limit, span) = (format!("{MAX_DERIVATIONS} derivations"), object.name.span);
            self.sink.push(codes::e0212::too_large("the chain of derivations", &limit, Some(span)));
            self.program.objects[id.0 as usize].form = Form::Derived(None);
            return;
        }
        depth.insert(id, own);
        self.program.order.push(id);
    }

    fn report_derivation_cycle(&mut self, group: &[ObjectId]) {
        let mut steps = vec![];
        let mut seen = BTreeSet::new();
        let mut at = group.iter().min().copied();
        while let Some(id) = at {
            let object = self.program.object(id);
            steps.push((object.name.node.clone(), object.name.span));
            if !seen.insert(id) {
                break;
            }
            at = if let Form::Derived(base) = object.form { base } else { None };
        }
        self.sink.push(codes::e0209::cycle(&steps));
        for id in group {
            self.program.objects[id.0 as usize].form = Form::Derived(None);
        }
    }

    /// What a derived declaration is derived from.
    fn base(&mut self, id: ObjectId, path: &regimen_grammar::ast::Path) -> Option<ObjectId> {
        let object = self.program.object(id);
        let (kind, scope) = (object.kind, object.scope);
        match self.program.lookup(scope, &path.parts) {
            Some((Named { what: What::Object(base), .. }, used)) if used == path.parts.len() => {
                let found = self.program.object(base);
                if found.kind.name == kind.name {
                    return Some(base);
                }
                let (declared, what) = (found.name.span, found.kind.name);
                self.sink.push(codes::e0206::wrong_kind(path, kind.name, what, Some(declared)));
            }
            Some((Named { what: What::Broken, .. }, _)) => {}
            Some((named, _)) => {
                self.sink.push(codes::e0206::wrong_kind(path, kind.name, "something else", Some(named.span)));
            }
            None => {
                let names = self.program.candidates(self.sink.len(), scope, &path.parts);
                self.sink.push(codes::e0205::unknown_name(path, &names));
            }
        }
        None
    }

    /// Gives imported declarations names that are unique in the whole experiment.
    fn name_flat(&mut self) {
        let root: BTreeSet<String> =
            self.program.scopes.first().map_or_else(BTreeSet::new, |s| s.names.keys().cloned().collect());
        let mut taken = root;
        let scopes = &self.program.scopes;
        let mut unique = |scope: ScopeId, name: &str| {
            if scope == ROOT {
                return name.to_string();
            }
            let mut flat = format!("{}_{name}", scopes[scope.0 as usize].prefix);
            while !taken.insert(flat.clone()) {
                flat.push('_');
            }
            flat
        };
        for object in &mut self.program.objects {
            object.flat = unique(object.scope, &object.name.node);
        }
        for binding in &mut self.program.lets {
            binding.flat = unique(binding.scope, &binding.name.node);
        }
    }

    /// A budget bears the name of a stage.
    fn check_names_of_budgets(&mut self) {
        let stages: Vec<String> = self.program.of_kind("stage").map(|(_, o)| o.name.node.clone()).collect();
        let budgets: Vec<Ident> = self.program.of_kind("budget").map(|(_, o)| o.name.clone()).collect();
        for name in budgets.iter().filter(|n| !stages.contains(&n.node)) {
            let broken = self.program.scopes.first().and_then(|s| s.names.get(&name.node));
            if !matches!(broken, Some(Named { what: What::Broken, .. })) {
                self.sink.push(codes::e0205::no_such_stage(name, &stages));
            }
        }
    }
}

impl Program {
    /// The same for suggestions, after so many mistakes: after many, nobody is helped by another one, and looking for it takes time
    /// for every name.
    pub fn candidates(&self, mistakes: usize, scope: ScopeId, path: &[Ident]) -> Vec<String> {
        if mistakes < MOST_SUGGESTIONS { self.visible(scope, path) } else { vec![] }
    }

    /// Names that may stand where this path does not resolve.
    pub fn visible(&self, scope: ScopeId, path: &[Ident]) -> Vec<String> {
        if let [first, _, ..] = path
            && let Some(Named { what: What::Import(inner), .. }) = self.scope(scope).names.get(&first.node)
        {
            let names = self.visible(*inner, &path[1..]);
            return names.into_iter().map(|n| format!("{}.{n}", first.node)).collect();
        }
        self.scope(scope).names.keys().cloned().collect()
    }
}
