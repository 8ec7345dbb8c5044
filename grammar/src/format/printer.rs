//! Walks the tree and prints it, taking each comment where it stands.

use super::WIDTH;
use super::comments::Comments;
use super::inline;
use super::lines::Lines;
use crate::ast::{Ast, Body, Declaration, Entry, Expr, ExprKind, Item};
use crate::scan::BLANKS;
use regimen_base::Span;
use std::ops::Range;

/// The whole file.
pub fn print(ast: &Ast, text: &str) -> String {
    let mut printer = Printer { text, comments: Comments::new(text), lines: Lines::default(), indent: 0 };
    printer.items(&ast.items);
    printer.lines.finish()
}

struct Printer<'t> {
    text: &'t str,
    comments: Comments<'t>,
    lines: Lines,
    indent: usize,
}

/// Columns to which the parts of declarations in a row are filled.
#[derive(Clone, Copy, Default)]
struct Columns {
    name: usize,
    type_name: usize,
}

impl Printer<'_> {
    // ---- Items ----

    fn items(&mut self, items: &[Item]) {
        let columns = self.columns(items);
        for (index, (item, columns)) in items.iter().zip(columns).enumerate() {
            let span = item_span(item);
            self.begin(span, &item_brackets(item), index == 0);
            self.item(item, columns);
            self.finish_line(span.end as usize);
        }
        self.own_lines(self.text.len(), items.is_empty());
    }

    fn item(&mut self, item: &Item, columns: Columns) {
        match item {
            Item::Import { path, alias, .. } => {
                let file = inline::source(self.text, path.span).to_owned();
                self.push(&format!("import {file} as {}", alias.node));
            }
            Item::Let { name, value, .. } => {
                self.push(&format!("let {} = ", name.node));
                self.expr(value);
            }
            Item::Declare(declaration) => {
                self.push(&header(declaration, columns));
                self.body(&declaration.body);
            }
            Item::Derive(derivation) => {
                let base = inline::path(&derivation.base);
                self.push(&format!("{} {} = {base} with ", derivation.kind.node, derivation.name.node));
                self.body(&derivation.body);
            }
            Item::Assert { condition, message, .. } => {
                self.push("assert ");
                self.expr(condition);
                if let Some(message) = message {
                    self.message(message.span);
                }
            }
        }
    }

    /// An assertion's message, on a line of its own if it does not fit.
    fn message(&mut self, span: Span) {
        let message = inline::source(self.text, span).to_owned();
        if self.lines.width() + 1 + message.chars().count() > WIDTH {
            self.lines.end();
            self.lines.push(self.indent + 1, &message);
        } else {
            self.push(&format!(" {message}"));
        }
    }

    /// Declarations of one kind in neighbouring lines are aligned if all of them fit so.
    fn columns(&self, items: &[Item]) -> Vec<Columns> {
        let mut columns = vec![Columns::default(); items.len()];
        let mut start = 0;
        while start < items.len() {
            let mut end = start + 1;
            while end < items.len() && self.are_aligned(&items[end - 1], &items[end]) {
                end += 1;
            }
            let run: Vec<&Declaration> = items[start..end].iter().filter_map(declaration).collect();
            let common = Columns {
                name: run.iter().map(|d| d.name.node.len()).max().unwrap_or(0),
                type_name: run.iter().map(|d| type_width(d)).max().unwrap_or(0),
            };
            let fits = |d: &&Declaration| self.declaration_width(d, common) <= WIDTH;
            if run.len() > 1 && run.iter().all(fits) {
                columns[start..end].fill(common);
            }
            start = end;
        }
        columns
    }

    fn are_aligned(&self, above: &Item, below: &Item) -> bool {
        let (Some(a), Some(b)) = (declaration(above), declaration(below)) else { return false };
        let between = &self.text[a.span.end as usize..b.span.start as usize];
        let alike = a.kind.node == b.kind.node && a.type_name.is_some() && b.type_name.is_some();
        let one_line = |d| self.is_one_line(item_span(d));
        alike
            && between.matches('\n').count() == 1
            && one_line(above)
            && one_line(below)
            && self.declaration_width(a, Columns::default()) <= WIDTH
            && self.declaration_width(b, Columns::default()) <= WIDTH
    }

    fn declaration_width(&self, declaration: &Declaration, columns: Columns) -> usize {
        let body = inline::body(self.text, &declaration.body);
        header(declaration, columns).chars().count() + body.chars().count()
    }

    // ---- Bodies, lists, expressions ----

    fn body(&mut self, body: &Body) {
        let empty = body.entries.is_empty() && !self.comments.any(range(body.span));
        if empty || self.stays_on_line(body.span, || inline::body(self.text, body)) {
            return self.push(&inline::body(self.text, body));
        }
        self.open("{", body.span);
        let widths = self.key_widths(&body.entries);
        for (index, (entry, width)) in body.entries.iter().zip(widths).enumerate() {
            self.begin(entry.span, &brackets(&entry.value), index == 0);
            let key = inline::path(&entry.path);
            self.push(&format!("{key:width$} {} ", inline::relation(entry.relation.node)));
            self.expr(&entry.value);
            self.finish_line(entry.span.end as usize);
        }
        self.close("}", body.span, body.entries.is_empty());
    }

    fn list(&mut self, span: Span, elements: &[Expr]) {
        let one_line = || {
            format!(
                "[{}]",
                elements.iter().map(|e| inline::expr(self.text, e)).collect::<Vec<_>>().join(", ")
            )
        };
        let empty = elements.is_empty() && !self.comments.any(range(span));
        if empty || self.stays_on_line(span, one_line) {
            let text = one_line();
            return self.push(&text);
        }
        self.open("[", span);
        for (index, element) in elements.iter().enumerate() {
            self.begin(element.span, &brackets(element), index == 0);
            self.expr(element);
            self.finish_line(element.span.end as usize);
        }
        self.close("]", span, elements.is_empty());
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::List(elements) => self.list(expr.span, elements),
            ExprKind::Record(body) => self.body(body),
            ExprKind::Tagged { tag, body } => {
                self.push(&format!("{} ", tag.node));
                self.body(body);
            }
            ExprKind::Unary { op, operand } => {
                self.push(inline::unary(op.node));
                self.expr(operand);
            }
            ExprKind::Binary { op, left, right } => {
                self.expr(left);
                self.push(&format!(" {} ", inline::binary(op.node)));
                self.expr(right);
            }
            ExprKind::Call { function, arguments } => {
                self.push(&format!("{}(", function.node));
                for (index, argument) in arguments.iter().enumerate() {
                    self.push(if index == 0 { "" } else { ", " });
                    self.expr(argument);
                }
                self.push(")");
            }
            ExprKind::Paren(inner) => {
                self.push("(");
                self.expr(inner);
                self.push(")");
            }
            _ => self.push(&inline::expr(self.text, expr)),
        }
    }

    fn stays_on_line(&self, span: Span, one_line: impl Fn() -> String) -> bool {
        self.is_one_line(span) && self.lines.width() + one_line().chars().count() <= WIDTH
    }

    fn is_one_line(&self, span: Span) -> bool {
        !inline::source(self.text, span).contains('\n')
    }

    /// For each entry the width to which keys of its group are filled. Blank lines and comments on lines of
    /// their own separate groups.
    fn key_widths(&self, entries: &[Entry]) -> Vec<usize> {
        let own = |entry: &Entry| inline::path(&entry.path).len();
        let mut widths = Vec::with_capacity(entries.len());
        for group in entries.chunk_by(|a, b| !self.is_separated(a, b)) {
            let width = group.iter().map(own).max().unwrap_or(0);
            widths.extend(std::iter::repeat_n(width, group.len()));
        }
        widths
    }

    fn is_separated(&self, above: &Entry, below: &Entry) -> bool {
        let between = above.span.end as usize..below.span.start as usize;
        self.blank_before(below.span.start as usize)
            || self.comments.any_own_line(between)
            || self.comments.any_outside(range(below.span), &brackets(&below.value))
    }

    // ---- Lines and comments ----

    fn push(&mut self, text: &str) {
        if !text.is_empty() {
            self.lines.push(self.indent, text);
        }
    }

    fn open(&mut self, bracket: &str, span: Span) {
        self.push(bracket);
        self.finish_line(span.start as usize + 1);
        self.indent += 1;
    }

    fn close(&mut self, bracket: &str, span: Span, empty: bool) {
        self.own_lines(span.end as usize, empty);
        self.indent -= 1;
        self.push(bracket);
    }

    /// Comments and the blank line before a node, and the comments inside it that have no place of their own.
    fn begin(&mut self, span: Span, brackets: &[Range<usize>], first: bool) {
        let first = self.own_lines(span.start as usize, first);
        if !first && self.blank_before(span.start as usize) {
            self.lines.blank();
        }
        for comment in self.comments.take_outside(range(span), brackets) {
            self.push(comment.text);
            self.lines.end();
        }
    }

    /// Ends the line; a comment that follows `end` on its line in the source goes with it.
    fn finish_line(&mut self, end: usize) {
        self.lines.end();
        if let Some(comment) = self.comments.take_trailing(end) {
            self.lines.comment(comment.text);
        }
    }

    /// All comments before `end`, each on its own line; returns whether the next thing is still the first.
    fn own_lines(&mut self, end: usize, mut first: bool) -> bool {
        for comment in self.comments.take(0..end) {
            if !first && self.blank_before(comment.start) {
                self.lines.blank();
            }
            self.push(comment.text);
            self.lines.end();
            first = false;
        }
        first
    }

    /// Whether an empty line stands before `at`.
    fn blank_before(&self, at: usize) -> bool {
        let before = self.text[..at].chars().rev();
        let gap = before.take_while(|c| matches!(c, '\n' | ',') || BLANKS.contains(c));
        gap.filter(|c| *c == '\n').take(2).count() == 2
    }
}

fn declaration(item: &Item) -> Option<&Declaration> {
    if let Item::Declare(declaration) = item { Some(declaration) } else { None }
}

fn type_width(declaration: &Declaration) -> usize {
    declaration.type_name.as_ref().map_or(0, |name| name.node.len())
}

fn header(declaration: &Declaration, columns: Columns) -> String {
    let (kind, name) = (&declaration.kind.node, &declaration.name.node);
    match &declaration.type_name {
        Some(type_name) => {
            let (name_column, type_column) = (columns.name, columns.type_name);
            format!("{kind} {name:name_column$} : {:type_column$} ", type_name.node)
        }
        None => format!("{kind} {name} "),
    }
}

fn item_span(item: &Item) -> Span {
    match item {
        Item::Import { span, .. } | Item::Let { span, .. } | Item::Assert { span, .. } => *span,
        Item::Declare(declaration) => declaration.span,
        Item::Derive(derivation) => derivation.span,
    }
}

fn range(span: Span) -> Range<usize> {
    span.range()
}

fn item_brackets(item: &Item) -> Vec<Range<usize>> {
    match item {
        Item::Import { .. } => vec![],
        Item::Let { value, .. } => brackets(value),
        Item::Assert { condition, .. } => brackets(condition),
        Item::Declare(declaration) => vec![range(declaration.body.span)],
        Item::Derive(derivation) => vec![range(derivation.body.span)],
    }
}

/// The outermost bodies and lists of an expression: the places that keep their comments inside.
fn brackets(expr: &Expr) -> Vec<Range<usize>> {
    let mut found = vec![];
    collect_brackets(expr, &mut found);
    found
}

fn collect_brackets(expr: &Expr, found: &mut Vec<Range<usize>>) {
    match &expr.kind {
        ExprKind::List(_) => found.push(range(expr.span)),
        ExprKind::Record(body) | ExprKind::Tagged { body, .. } => found.push(range(body.span)),
        ExprKind::Unary { operand, .. } => collect_brackets(operand, found),
        ExprKind::Binary { left, right, .. } => {
            collect_brackets(left, found);
            collect_brackets(right, found);
        }
        ExprKind::Call { arguments, .. } => arguments.iter().for_each(|a| collect_brackets(a, found)),
        ExprKind::Paren(inner) => collect_brackets(inner, found),
        _ => {}
    }
}
