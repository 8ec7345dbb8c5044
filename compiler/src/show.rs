//! The operative configuration: every field of every declaration with who set it. The text is itself an
//! experiment of the same meaning: imports are inlined, derivations and the chosen variant expanded.

use crate::eval::{Checked, Evaluator, Value};
use crate::front::Front;
use crate::print::{Printer, quoted, relation};
use crate::program::{
    Block, Expanded, Named, ObjectId, Origin, Paths, Program, ROOT, ScopeId, Setting, Term, What,
};
use crate::schema::{Default, Field, Ty, Type};
use crate::world::MemoryWorld;
use regimen_base::{FileId, Span};
use regimen_grammar::ast::{Expr, ExprKind};
use std::fmt::Write;

/// The operative configuration as an `.exp` file.
pub fn show(front: &Front) -> String {
    let world = MemoryWorld::default();
    let eval = Evaluator::new(front.program(), front.base(), &world);
    // Without a complete experiment nothing is known of files, and nothing is computed from guesses.
    let (eval, known) = match front.facts() {
        Some(facts) => (eval.with_facts(facts), true),
        None => (eval, false),
    };
    let mut show = Show { program: front.program(), eval, known, out: String::new() };
    show.everything();
    show.out
}

struct Show<'a> {
    program: &'a Program,
    eval: Evaluator<'a>,
    known: bool,
    out: String,
}

impl Show<'_> {
    fn everything(&mut self) {
        for (i, binding) in self.program.lets.iter().enumerate() {
            let bound = &self.eval.instance.lets[i];
            let printer = Printer { program: self.program, scope: bound.scope, owner: None };
            let text = printer.expr(&bound.value);
            let origin = self.origin(&bound.origin, bound.value.span);
            let _ = writeln!(self.out, "let {} = {text}  # {origin}", binding.flat);
        }
        for (id, object) in self.program.objects() {
            // A stage of an imported file does not run: what derives from it holds all of it.
            if object.kind.name != "stage" || object.scope == ROOT {
                self.object(id);
            }
        }
        for assert in &self.program.asserts {
            let printer = Printer { program: self.program, scope: assert.scope, owner: None };
            let message =
                assert.message.as_ref().map(|m| format!(" {}", quoted(&m.node))).unwrap_or_default();
            let origin = self.origin(&Origin::Written, assert.span);
            let condition = printer.expr(&assert.condition);
            let _ = writeln!(self.out, "\nassert {condition}{message}  # {origin}");
        }
        for sweep in &self.program.sweeps {
            self.sweep(sweep);
        }
    }

    fn object(&mut self, id: ObjectId) {
        let object = self.program.object(id);
        let expanded = self.eval.instance.object(id);
        let Some(ty) = expanded.ty else { return };
        let typed = match object.kind.types {
            crate::schema::Types::One(_) => String::new(),
            _ => format!(" : {}", expanded.type_name),
        };
        let _ = writeln!(self.out, "\n{} {}{typed} {{", object.kind.name, object.flat);
        if object.kind.name == "budget" {
            self.budget(id, expanded);
        } else {
            self.fields(id, ty, &expanded.block, "", 1);
        }
        self.out.push_str("}\n");
    }

    /// Limits in the order in which they were written.
    fn budget(&mut self, id: ObjectId, expanded: &Expanded) {
        for setting in &expanded.block.settings {
            if let (Term::Leaf(expr), Some(field)) =
                (&setting.term, expanded.ty.and_then(|t| t.field(&setting.name.node)))
            {
                let text = self.printer(setting.scope, id).expr(expr);
                let sign = relation(setting.relation.node);
                self.line(
                    1,
                    &format!("{} {sign} {text}", setting.name.node),
                    &self.comment(id, field, "", setting),
                );
            }
        }
    }

    /// All fields that have a value.
    fn fields(&mut self, id: ObjectId, ty: &'static Type, block: &Block, prefix: &str, depth: usize) {
        for field in ty.fields {
            match (block.get(field.name), field.default) {
                (Some(setting), _) => self.setting(id, field, setting, prefix, depth),
                (None, Default::Is(text)) => self.default(id, field, text, prefix, depth),
                (None, Default::Required | Default::Absent) => {}
            }
        }
    }

    fn setting(
        &mut self,
        id: ObjectId,
        field: &'static Field,
        setting: &Setting,
        prefix: &str,
        depth: usize,
    ) {
        match &setting.term {
            Term::Block(block) => self.block(id, field, block, prefix, depth),
            Term::Leaf(expr) => {
                if let Some(block) = self.named_block(expr, setting.scope) {
                    return self.block(id, field, &block, prefix, depth);
                }
                if let Some(items) = tagged(field, expr) {
                    return self.steps(id, field, &items, setting, prefix, depth);
                }
                let text = self
                    .paths(id, field, prefix)
                    .unwrap_or_else(|| self.printer(setting.scope, id).expr(expr));
                let comment = self.comment(id, field, prefix, setting);
                self.line(depth, &format!("{} = {text}", field.name), &comment);
            }
        }
    }

    /// The block that a `let` names: its fields are shown where they apply.
    fn named_block(&self, expr: &Expr, scope: ScopeId) -> Option<Block> {
        let ExprKind::Path(path) = &expr.kind else { return None };
        let (Named { what: What::Let(id), .. }, used) = self.program.lookup(scope, &path.parts)? else {
            return None;
        };
        let bound = self.eval.instance.lets.get(id.0 as usize).filter(|_| used == path.parts.len())?;
        match Term::read(&bound.value, bound.scope, &bound.origin, &mut vec![]) {
            Term::Block(block) => Some(block),
            Term::Leaf(_) => None,
        }
    }

    fn default(&mut self, id: ObjectId, field: &'static Field, text: &str, prefix: &str, depth: usize) {
        let (Some(expr), _) = regimen_grammar::parse_expression(FileId(u32::MAX), text) else { return };
        let scope = self.program.object(id).scope;
        match Term::read(&expr, scope, &Origin::Default, &mut vec![]) {
            Term::Block(block) => self.block(id, field, &block, prefix, depth),
            Term::Leaf(expr) => {
                let text = self.printer(scope, id).expr(&expr);
                let comment = self.with_value(id, field, prefix, &expr, "default".into());
                self.line(depth, &format!("{} = {text}", field.name), &comment);
            }
        }
    }

    /// A list of blocks: each with all its fields.
    fn steps(
        &mut self,
        id: ObjectId,
        field: &'static Field,
        items: &[Block],
        setting: &Setting,
        prefix: &str,
        depth: usize,
    ) {
        let Ty::List { of: Ty::OneOf(types), .. } = field.ty else { return };
        let origin = self.origin(&setting.origin, setting.term.span());
        self.line(depth, &format!("{} = [", field.name), &origin);
        for (index, block) in items.iter().enumerate() {
            let tag = block.tag.as_ref().map_or("", |t| t.node.as_str());
            let Some(ty) = types().into_iter().find(|t| t.name == tag) else { continue };
            self.line(depth + 1, &format!("{tag} {{"), "");
            let inner = format!("{prefix}{}[{index}].", field.name);
            self.fields(id, ty, block, &inner, depth + 2);
            self.line(depth + 1, "},", "");
        }
        self.line(depth, "]", "");
    }

    fn block(&mut self, id: ObjectId, field: &'static Field, block: &Block, prefix: &str, depth: usize) {
        if let Ty::List { of: Ty::OneOf(_), .. } = field.ty {
            let relation =
                regimen_grammar::ast::Spanned { node: regimen_grammar::ast::Relation::Is, span: block.span };
            let name = regimen_grammar::ast::Spanned { node: field.name.to_string(), span: block.span };
            let setting = Setting {
                name,
                relation,
                term: Term::Block(block.clone()),
                scope: self.program.object(id).scope,
                origin: Origin::Written,
            };
            return self.steps(id, field, std::slice::from_ref(block), &setting, prefix, depth);
        }
        let inner = format!("{prefix}{}.", field.name);
        let default = match field.default {
            Default::Is(text) => text.split_whitespace().next(),
            _ => None,
        };
        let tag = block.tag.as_ref().map(|t| t.node.as_str()).or(default).unwrap_or("");
        match field.ty {
            Ty::Block(ty) => {
                self.line(depth, &format!("{} = {{", field.name), "");
                self.fields(id, ty, block, &inner, depth + 1);
            }
            Ty::OneOf(types) => {
                let Some(ty) = types().into_iter().find(|t| t.name == tag) else { return };
                self.line(depth, &format!("{} = {tag} {{", field.name), "");
                self.fields(id, ty, block, &inner, depth + 1);
            }
            _ => {
                self.line(depth, &format!("{} = {{", field.name), "");
                self.map(
                    id,
                    block,
                    depth + 1,
                    matches!(field.ty, Ty::Map { keys: Some(_), .. }),
                    &mut vec![],
                );
            }
        }
        self.line(depth, "}", "");
    }

    /// Names that the author chose; names of declarations as they are called in the whole experiment.
    fn map(
        &mut self,
        id: ObjectId,
        block: &Block,
        depth: usize,
        named: bool,
        before: &mut Vec<regimen_grammar::ast::Ident>,
    ) {
        for setting in &block.settings {
            before.push(setting.name.clone());
            match &setting.term {
                Term::Block(inner) => self.map(id, inner, depth, named, before),
                Term::Leaf(expr) => {
                    let printer = self.printer(setting.scope, id);
                    let path = regimen_grammar::ast::Path { parts: before.clone(), span: setting.name.span };
                    let plain = || before.iter().map(|p| p.node.as_str()).collect::<Vec<_>>().join(".");
                    let name = if named { printer.path(&path) } else { plain() };
                    let text = format!("{name} = {}", printer.expr(expr));
                    let origin = self.origin(&setting.origin, expr.span);
                    self.line(depth, &text, &origin);
                }
            }
            before.pop();
        }
    }

    fn sweep(&mut self, sweep: &Paths) {
        let printer = Printer { program: self.program, scope: ROOT, owner: None };
        let _ = writeln!(self.out, "\nsweep {} {{", sweep.name.node);
        for (path, value) in &sweep.entries {
            let _ = writeln!(self.out, "  {} = {}", printer.path(path), printer.expr(value));
        }
        if sweep.zip {
            self.out.push_str("  mode = zip\n");
        }
        self.out.push_str("}\n");
    }

    /// Paths of files as they are in the experiment's folder, whichever file names them.
    fn paths(&self, id: ObjectId, field: &'static Field, prefix: &str) -> Option<String> {
        match field.ty {
            Ty::Path | Ty::List { of: Ty::Path, .. } => {}
            _ => return None,
        }
        match self.value(id, field, prefix)?.value {
            Value::Text(text) => Some(quoted(&text)),
            Value::List(items) => {
                let texts = items.iter().filter_map(|c| match &c.value {
                    Value::Text(text) => Some(quoted(text)),
                    _ => None,
                });
                Some(format!("[{}]", texts.collect::<Vec<_>>().join(", ")))
            }
            _ => None,
        }
    }

    fn value(&self, id: ObjectId, field: &'static Field, prefix: &str) -> Option<Checked> {
        let mut fields = self.eval.fields(id).ok()?;
        for part in prefix.split('.').filter(|p| !p.is_empty()) {
            fields = match part.strip_suffix(']').and_then(|p| p.split_once('[')) {
                None => fields.block(part).ok()??.clone(),
                Some((name, index)) => element(&fields, name, index.parse().ok()?)?,
            };
        }
        fields.known(field.name).cloned()
    }

    /// Who set a field, and what it came to if that is not what is written.
    fn comment(&self, id: ObjectId, field: &'static Field, prefix: &str, setting: &Setting) -> String {
        let origin = self.origin(&setting.origin, setting.term.span());
        match &setting.term {
            Term::Leaf(expr) => self.with_value(id, field, prefix, expr, origin),
            Term::Block(_) => origin,
        }
    }

    fn with_value(
        &self,
        id: ObjectId,
        field: &'static Field,
        prefix: &str,
        expr: &Expr,
        origin: String,
    ) -> String {
        let literal = matches!(expr.kind, ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Bool(_));
        let value = if literal || !self.known { None } else { self.value(id, field, prefix) };
        match value.map(|c| c.value) {
            Some(Value::Quantity(quantity)) => format!("{quantity}; {origin}"),
            _ => origin,
        }
    }

    fn origin(&self, origin: &Origin, span: Span) -> String {
        let (line, _) = self.program.sources.line_column(span);
        match origin {
            Origin::Default => "default".into(),
            Origin::Variant(name) => format!("variant {name}"),
            Origin::Sweep(name) => format!("sweep {name}"),
            Origin::CommandLine => "--set".into(),
            Origin::Written if span.file == FileId(0) => format!("here, line {line}"),
            Origin::Written => {
                let file = self.program.sources.get(span.file).map_or("?", |s| s.name.as_str());
                format!("import {file}:{line}")
            }
        }
    }

    fn printer(&self, scope: ScopeId, owner: ObjectId) -> Printer<'_> {
        Printer { program: self.program, scope, owner: Some(owner) }
    }

    fn line(&mut self, depth: usize, text: &str, comment: &str) {
        let indent = "  ".repeat(depth);
        let comment = if comment.is_empty() { String::new() } else { format!("  # {comment}") };
        let _ = writeln!(self.out, "{indent}{text}{comment}");
    }
}

/// The blocks of a list, where the field holds blocks.
fn tagged(field: &Field, expr: &Expr) -> Option<Vec<Block>> {
    let (Ty::List { of: Ty::OneOf(_), .. }, ExprKind::List(items)) = (field.ty, &expr.kind) else {
        return None;
    };
    let block = |item: &Expr| match Term::read(item, ROOT, &Origin::Written, &mut vec![]) {
        Term::Block(block) => Some(block),
        Term::Leaf(_) => match &item.kind {
            ExprKind::Path(path) if path.parts.len() == 1 => {
                Some(Block { tag: path.parts.first().cloned(), ..Block::empty(item.span) })
            }
            _ => None,
        },
    };
    items.iter().map(block).collect()
}

/// The fields of one element of a list.
fn element(fields: &crate::eval::Fields, name: &str, index: usize) -> Option<crate::eval::Fields> {
    match &fields.known(name)?.value {
        Value::List(list) => match &list.get(index)?.value {
            Value::Fields(fields) => Some(fields.clone()),
            _ => None,
        },
        _ => None,
    }
}
