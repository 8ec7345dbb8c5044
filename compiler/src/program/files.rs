//! Reads the root file and everything that it imports.

use crate::codes;
use crate::world::{World, folder_of, join};
use petgraph::graph::{DiGraph, NodeIndex};
use regimen_base::{Diagnostic, SourceMap, Span};
use regimen_grammar::ast::{Ast, Ident, Item, Spanned};
use std::collections::BTreeMap;

/// Longest chain of imports.
const MAX_DEPTH: usize = 16;
/// Most files.
const MAX_FILES: usize = 256;
/// Most bytes of source in all.
const MAX_BYTES: usize = 8 << 20;

/// A parsed file and what it imports.
#[derive(Debug)]
pub struct File {
    /// Path relative to the experiment's folder.
    pub path: String,
    /// The alias under which it was first imported.
    pub alias: String,
    /// What it says.
    pub ast: Ast,
    /// Alias and index of each imported file that could be read.
    pub imports: Vec<(Ident, Option<usize>)>,
}

/// Reads files breadth first.
struct Reader<'a> {
    world: &'a dyn World,
    sources: &'a mut SourceMap,
    sink: &'a mut Vec<Diagnostic>,
    files: Vec<File>,
    depths: Vec<usize>,
    known: BTreeMap<String, usize>,
    bytes: usize,
    edges: Vec<(usize, usize, Span)>,
}

/// The root file first; every file once, however often it is imported.
pub fn read_all(
    world: &dyn World,
    root: &str,
    sources: &mut SourceMap,
    sink: &mut Vec<Diagnostic>,
) -> Vec<File> {
    let (files, depths, known, edges) = (vec![], vec![], BTreeMap::new(), vec![]);
    let mut reader = Reader { world, sources, sink, files, depths, known, bytes: 0, edges };
    match world.read(root) {
        Ok(text) => {
            reader.parse(root, String::new(), text, 0, None);
        }
        Err(error) => reader.sink.push(codes::e0501::root_unreadable(root, &error)),
    }
    let mut next = 0;
    while next < reader.files.len() {
        reader.follow(next);
        next += 1;
    }
    reader.report_cycles();
    reader.files
}

impl Reader<'_> {
    /// Parses one file; `None` if it would be too much.
    fn parse(
        &mut self,
        path: &str,
        alias: String,
        text: String,
        depth: usize,
        at: Option<Span>,
    ) -> Option<usize> {
        self.bytes = self.bytes.saturating_add(text.len());
        if self.bytes > MAX_BYTES || self.files.len() >= MAX_FILES {
            let limit = format!("{MAX_FILES} files with {} MiB in all", MAX_BYTES >> 20);
            self.sink.push(codes::e0212::too_large("the experiment's files", &limit, at));
            return None;
        }
        let id = self.sources.add(path, text);
        let text = self.sources.get(id).map_or("", |s| s.text.as_str());
        let (ast, diagnostics) = regimen_grammar::parse(id, text);
        self.sink.extend(diagnostics);
        let index = self.files.len();
        self.files.push(File { path: path.to_string(), alias, ast, imports: vec![] });
        self.depths.push(depth);
        self.known.insert(path.to_string(), index);
        Some(index)
    }

    /// Reads what a file imports.
    fn follow(&mut self, index: usize) {
        let imports: Vec<(Spanned<String>, Ident)> = self.files[index]
            .ast
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Import { path, alias, .. } => Some((path.clone(), alias.clone())),
                _ => None,
            })
            .collect();
        for (path, alias) in imports {
            let target = self.import(index, &path, &alias);
            if let Some(target) = target {
                self.edges.push((index, target, path.span));
            }
            self.files[index].imports.push((alias, target));
        }
    }

    fn import(&mut self, from: usize, path: &Spanned<String>, alias: &Ident) -> Option<usize> {
        let folder = folder_of(&self.files[from].path).to_string();
        let Some(full) = join(&folder, &path.node, self.world.may_leave()) else {
            self.sink.push(codes::e0502::outside(&path.node, path.span));
            return None;
        };
        if let Some(known) = self.known.get(&full) {
            return Some(*known);
        }
        let depth = self.depths[from] + 1;
        if depth > MAX_DEPTH {
            let limit = format!("{MAX_DEPTH} files deep");
            self.sink.push(codes::e0212::too_large("the chain of imports", &limit, Some(path.span)));
            return None;
        }
        match self.world.read(&full) {
            Ok(text) => {
                let prefix = match self.files[from].alias.as_str() {
                    "" => alias.node.clone(),
                    outer => format!("{outer}_{}", alias.node),
                };
                self.parse(&full, prefix, text, depth, Some(path.span))
            }
            Err(error) => {
                self.sink.push(codes::e0210::import_unreadable(&path.node, &error, path.span));
                None
            }
        }
    }

    /// Reports each group of files that import each other once.
    fn report_cycles(&mut self) {
        let mut graph = DiGraph::<(), Span>::new();
        for _ in &self.files {
            graph.add_node(());
        }
        for (from, to, span) in &self.edges {
            graph.add_edge(NodeIndex::new(*from), NodeIndex::new(*to), *span);
        }
        for group in petgraph::algo::kosaraju_scc(&graph) {
            let inside = |n: NodeIndex| group.contains(&n);
            let mut edges: Vec<_> = self
                .edges
                .iter()
                .filter(|e| inside(NodeIndex::new(e.0)) && inside(NodeIndex::new(e.1)))
                .collect();
            if edges.is_empty() {
                continue;
            }
            edges.sort_by_key(|e| e.0);
            let names = cycle(&edges).into_iter().map(|i| self.files[i].path.as_str());
            let shown: Vec<&str> = names.collect();
            self.sink.push(codes::e0211::import_cycle(&shown, edges[0].2));
        }
    }
}

/// One way round, the first file at both ends.
fn cycle(edges: &[&(usize, usize, Span)]) -> Vec<usize> {
    let mut path = vec![edges[0].0];
    // Every file of the group has an edge inside it, so some file must come again.
    loop {
        let at = path[path.len() - 1];
        let Some(edge) = edges.iter().find(|e| e.0 == at) else { return path };
        if let Some(start) = path.iter().position(|p| *p == edge.1) {
            path.push(edge.1);
            return path.split_off(start);
        }
        path.push(edge.1);
    }
}
