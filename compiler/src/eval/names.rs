//! Paths: `width`, `gpt2.params`, `lab.box`, `corpus.validation`, `pretrain.best`.

use super::expr::Context;
use super::{Checked, Evaluator, Key, ObjectId, Stop, Value};
use crate::codes;
use crate::program::{Block, LetId, Named, Setting, Term, What};
use crate::schema::{Field, Ty, Type};
use regimen_base::Span;
use regimen_grammar::ast::{Expr, ExprKind, Ident, Path};

impl Evaluator<'_> {
    /// Names that may have been meant.
    pub(super) fn candidates(&self, context: Context, path: &Path) -> Vec<String> {
        self.program.candidates(self.reported(), context.scope, &path.parts)
    }

    /// What a path stands for.
    pub(super) fn path(&self, path: &Path, context: Context) -> Result<Value, Stop> {
        let first = path.parts.first().ok_or(Stop::Reported)?;
        if let (Some(owner), "self") = (context.owner, first.node.as_str()) {
            return self.walk(owner, path, 1);
        }
        match self.program.lookup(context.scope, &path.parts) {
            Some((Named { what: What::Object(id), .. }, used)) => self.walk(id, path, used),
            Some((Named { what: What::Let(id), .. }, used)) => {
                let value = self.let_value(id, path.span)?;
                self.continue_from(value, path, used)
            }
            Some((Named { what: What::Broken, .. }, _)) => Err(Stop::Reported),
            Some((Named { what: What::Import(_), .. }, _)) => {
                Err(self.report(codes::e0205::import_alone(path, &self.candidates(context, path))))
            }
            None if path.parts.len() == 1 && crate::schema::is_word(&first.node) => {
                Ok(Value::Word(first.node.clone()))
            }
            None => {
                let names = self.candidates(context, path);
                Err(self.report(codes::e0205::unknown_name(path, &names)))
            }
        }
    }

    /// The value of a `let`.
    pub fn let_value(&self, id: LetId, at: Span) -> Result<Value, Stop> {
        let checked = self.once(Key::Let(id), at, || {
            let bound = &self.instance.lets[id.0 as usize];
            let context = Context { scope: bound.scope, owner: None };
            let value = self.eval(&bound.value, context)?;
            Ok(Checked { value, span: bound.value.span, origin: bound.origin.clone() })
        })?;
        if let Value::List(_) = checked.value {
            self.count_elements(checked.value.elements(), at)?;
        }
        Ok(checked.value)
    }

    /// The `let` that an expression is nothing but the name of, and its value as written.
    pub(super) fn alias(&self, expr: &Expr, context: Context) -> Option<LetId> {
        match &expr.kind {
            ExprKind::Path(path) => match self.program.lookup(context.scope, &path.parts)? {
                (Named { what: What::Let(id), .. }, used) if used == path.parts.len() => Some(id),
                _ => None,
            },
            ExprKind::Paren(inner) => self.alias(inner, context),
            _ => None,
        }
    }

    /// What the rest of a path asks of a value.
    fn continue_from(&self, value: Value, path: &Path, used: usize) -> Result<Value, Stop> {
        let Some(next) = path.parts.get(used) else { return Ok(value) };
        match value {
            Value::Object(id) => self.walk(id, path, used),
            Value::Fields(fields) => match fields.get(&next.node)? {
                Some(checked) => self.continue_from(checked.value.clone(), path, used + 1),
                None => {
                    let names: Vec<String> = fields.entries.iter().map(|(n, _)| n.to_string()).collect();
                    Err(self.report(codes::e0219::no_member(next, "these fields", &names)))
                }
            },
            Value::Map(entries) => match entries.iter().find(|e| e.name.node == next.node) {
                Some(entry) => self.continue_from(entry.checked.value.clone(), path, used + 1),
                None => {
                    let names: Vec<String> = entries.iter().map(|e| e.name.node.clone()).collect();
                    Err(self.report(codes::e0219::no_member(next, "these names", &names)))
                }
            },
            other => Err(self.report(codes::e0219::no_member(next, &other.describe(), &[]))),
        }
    }

    /// What the rest of a path asks of a declaration: a member, a part, a checkpoint, or a field.
    fn walk(&self, id: ObjectId, path: &Path, used: usize) -> Result<Value, Stop> {
        let Some(next) = path.parts.get(used) else { return Ok(Value::Object(id)) };
        let object = self.program.object(id);
        if self.instance.object(id).ty.is_none() {
            return Err(Stop::Reported);
        }
        if let Some(member) = object.kind.member(&next.node) {
            let value = self.member(id, member, next.span)?;
            return self.continue_from(value, path, used + 1);
        }
        if object.kind.name == "data" && self.split_names(id, next.span)?.contains(&next.node) {
            return self.continue_from(Value::Split(id, next.node.clone()), path, used + 1);
        }
        if object.kind.name == "stage" && matches!(next.node.as_str(), "best" | "last") {
            return self.continue_from(Value::Checkpoint(id, next.node.clone()), path, used + 1);
        }
        self.walk_fields(id, path, used)
    }

    /// Follows field names through nested blocks as far as they are blocks, then evaluates only what is asked.
    fn walk_fields(&self, id: ObjectId, path: &Path, used: usize) -> Result<Value, Stop> {
        let expanded = self.instance.object(id);
        let mut ty = expanded.ty.ok_or(Stop::Reported)?;
        let mut block = &expanded.block;
        let mut prefix = String::new();
        let mut at = used;
        loop {
            let Some(name) = path.parts.get(at) else { return Err(Stop::Reported) };
            let Some(field) = ty.field(&name.node) else {
                return Err(self.no_member(id, ty, name, at == used));
            };
            let setting = block.get(&name.node);
            at += 1;
            match inner(field, setting) {
                Some((inner_ty, inner_block)) if at < path.parts.len() => {
                    prefix = format!("{prefix}{}.", field.name);
                    (ty, block) = (inner_ty, inner_block);
                }
                _ => {
                    let value = self.one_field(id, field, setting, &prefix, name.span)?;
                    let Some(checked) = value else {
                        return Err(self.report(codes::e0219::not_set(name, &self.object_name(id))));
                    };
                    return self.continue_from(checked.value, path, at);
                }
            }
        }
    }

    fn no_member(&self, id: ObjectId, ty: &Type, name: &Ident, top: bool) -> Stop {
        let object = self.program.object(id);
        let mut names: Vec<String> = ty.fields.iter().map(|f| f.name.to_string()).collect();
        if top {
            names.extend(object.kind.members.iter().map(|m| m.name.to_string()));
            match object.kind.name {
                // Parts first: they are what data are mostly asked for.
                "data" => {
                    names.splice(0..0, self.split_names(id, name.span).unwrap_or_default()).for_each(drop)
                }
                "stage" => names.extend(["best".to_string(), "last".to_string()]),
                _ => {}
            }
        }
        let what = format!("the {} `{}`", object.kind.name, object.name.node);
        self.report(codes::e0219::no_member(name, &what, &names))
    }
}

/// The fields and settings of a field that is written as a block.
fn inner<'a>(field: &'static Field, setting: Option<&'a Setting>) -> Option<(&'static Type, &'a Block)> {
    let Some(Setting { term: Term::Block(block), .. }) = setting else { return None };
    match field.ty {
        Ty::Block(ty) => Some((ty, block)),
        Ty::OneOf(types) => {
            let tag = block.tag.as_ref()?;
            types().into_iter().find(|t| t.name == tag.node).map(|ty| (ty, block))
        }
        _ => None,
    }
}
