//! Settings against the schema: every field of a declaration gets a value of its type, or a report.

use super::checked::MapEntry;
use super::expr::Context;
use super::{Checked, Evaluator, Fields, Key, ObjectId, Stop, Value};
use crate::codes;
use crate::program::{Block, Named, Origin, ScopeId, Setting, Term, What};
use crate::quantity::{Dimension, Quantity, Shown};
use crate::schema::{Default, Field, Number, Ty, Type, Word};
use num_rational::BigRational;
use regimen_base::{FileId, Span};
use regimen_grammar::ast::{Expr, ExprKind, Ident, Path, Relation};

/// A place to be checked: which field, whose names.
#[derive(Clone, Copy)]
struct Place<'a> {
    owner: ObjectId,
    field: &'static Field,
    /// `optimizer.` for the fields of the optimizer.
    prefix: &'a str,
    /// Which element of the field, if it is a list.
    index: Option<usize>,
    context: Context,
    origin: &'a Origin,
}

impl Place<'_> {
    /// What the paths of fields inside this one begin with: `optimizer.`, `clean[1].`.
    fn inside(&self) -> String {
        let index = self.index.map(|i| format!("[{i}]")).unwrap_or_default();
        format!("{}{}{index}.", self.prefix, self.field.name)
    }
}

impl Evaluator<'_> {
    /// All fields of a declaration; those that have no value, and those that were reported, say so.
    pub fn fields(&self, id: ObjectId) -> Result<Fields, Stop> {
        let expanded = self.instance.object(id);
        let ty = expanded.ty.ok_or(Stop::Reported)?;
        let key = Key::Field(id, String::new());
        let span = self.program.object(id).name.span;
        let checked = self.once_unguarded(key, || {
            let fields = self.block(id, ty, &expanded.block, "");
            Ok(Checked { value: Value::Fields(fields), span, origin: Origin::Written })
        })?;
        match checked.value {
            Value::Fields(fields) => Ok(fields),
            _ => Err(Stop::Reported),
        }
    }

    /// One field; `None` if it has no value.
    pub(super) fn one_field(
        &self,
        owner: ObjectId,
        field: &'static Field,
        setting: Option<&Setting>,
        prefix: &str,
        at: Span,
    ) -> Result<Option<Checked>, Stop> {
        if setting.is_none() && field.default == Default::Absent {
            return Ok(None);
        }
        let key = Key::Field(owner, format!("{prefix}{}", field.name));
        let result = self.once(key, at, || match setting {
            Some(setting) => {
                let context = Context { scope: setting.scope, owner: Some(owner) };
                let place = Place { owner, field, prefix, index: None, context, origin: &setting.origin };
                let value =
                    self.term(&field.ty, &setting.term, place).map_err(|stop| self.settle(stop, place))?;
                Ok(Checked { value, span: setting.term.span(), origin: setting.origin.clone() })
            }
            None => self.default(owner, field, prefix, at),
        });
        result.map(Some)
    }

    /// A field cannot depend on what planning finds out: planning needs all fields.
    fn settle(&self, stop: Stop, place: Place<'_>) -> Stop {
        match stop {
            Stop::NeedsPlan(span) => self.report(codes::e0223::circular(place.field.name, span)),
            Stop::Reported => Stop::Reported,
        }
    }

    /// The fields of a block: unknown ones reported, all others checked.
    fn block(&self, owner: ObjectId, ty: &'static Type, block: &Block, prefix: &str) -> Fields {
        let budget = self.program.object(owner).kind.name == "budget";
        for setting in &block.settings {
            if ty.field(&setting.name.node).is_none() {
                self.report(codes::e0203::unknown_field(
                    &setting.name,
                    ty,
                    block.tag.is_some() || prefix.is_empty(),
                ));
            }
            let (wanted, sign) = if budget { (Relation::AtMost, "<=") } else { (Relation::Is, "=") };
            if setting.relation.node != wanted && !partial(setting) {
                self.report(codes::e0222::wrong_relation(&setting.relation, sign));
            }
        }
        let span = block.tag.as_ref().map_or(block.span, |t| t.span);
        let value = |field: &'static Field| {
            let value = self.one_field(owner, field, block.get(field.name), prefix, span).transpose()?;
            Some((field.name, value))
        };
        let entries = ty.fields.iter().filter_map(value).collect();
        Fields { type_name: Some(ty.name), entries, span }
    }

    fn default(
        &self,
        owner: ObjectId,
        field: &'static Field,
        prefix: &str,
        at: Span,
    ) -> Result<Checked, Stop> {
        let object = self.program.object(owner);
        let Default::Is(text) = field.default else {
            let inside = prefix.trim_end_matches('.');
            // What is missing is missing from the block, if it is one inside the declaration.
            let at = if inside.is_empty() { object.name.span } else { at };
            return Err(self.report(codes::e0214::missing_field(
                field,
                inside,
                &object.name,
                object.kind.name,
                at,
            )));
        };
        let (Some(expr), _) = regimen_grammar::parse_expression(FileId(u32::MAX), text) else {
            return Err(Stop::Reported);
        };
        let context = Context { scope: object.scope, owner: Some(owner) };
        let place = Place { owner, field, prefix, index: None, context, origin: &Origin::Default };
        let term = Term::read(&expr, object.scope, &Origin::Default, &mut vec![]);
        let value = self.term(&field.ty, &term, place).map_err(|stop| self.settle(stop, place))?;
        Ok(Checked { value, span: object.name.span, origin: Origin::Default })
    }

    fn term(&self, ty: &Ty, term: &Term, place: Place<'_>) -> Result<Value, Stop> {
        match (ty, term) {
            (Ty::Block(inner), Term::Block(block)) => {
                if let Some(tag) = &block.tag {
                    let found = format!("`{}` before the brace", tag.node);
                    return Err(self.wrong_type(ty, &found, tag.span));
                }
                let prefix = place.inside();
                Ok(Value::Fields(self.block(place.owner, inner, block, &prefix)))
            }
            (Ty::OneOf(types), Term::Block(block)) => self.one_of(*types, block, place),
            (Ty::Map { of, keys }, Term::Block(block)) if block.tag.is_none() => {
                self.map(of, *keys, block, place)
            }
            // One step need not stand in brackets.
            (Ty::List { of: one @ Ty::OneOf(_), min: 0 | 1, .. }, Term::Block(block)) => {
                let value = self.term(one, term, Place { index: Some(0), ..place })?;
                Ok(Value::List(vec![Checked { value, span: block.span, origin: place.origin.clone() }]))
            }
            (_, Term::Block(block)) => Err(self.wrong_type(ty, "fields in braces", block.span)),
            (ty, Term::Leaf(expr)) => self.leaf(ty, expr, place),
        }
    }

    /// A `let` that is named alone counts as written here, so that it may hold words and blocks too.
    fn leaf(&self, ty: &Ty, expr: &Expr, place: Place<'_>) -> Result<Value, Stop> {
        let Some(id) = self.alias(expr, place.context) else { return self.leaf_here(ty, expr, place) };
        let bound = &self.instance.lets[id.0 as usize];
        let (scope, owner) = (bound.scope, place.context.owner);
        let inner = Place { context: Context { scope, owner }, ..place };
        let term = Term::read(&bound.value, scope, place.origin, &mut vec![]);
        // The stack knows the name, so that `let a = b`, `let b = a` is found.
        self.through(Key::Let(id), expr.span, || self.deeper(expr.span, || self.term(ty, &term, inner)))
    }

    fn leaf_here(&self, ty: &Ty, expr: &Expr, place: Place<'_>) -> Result<Value, Stop> {
        match ty {
            Ty::Number(number) => {
                let quantity = self.number(expr, place.context)?;
                self.fit(number, quantity, expr, place).map(Value::Quantity)
            }
            Ty::Words(words) => self.word(words, expr, ty, place),
            Ty::WordOr(words, or) => match &expr.kind {
                ExprKind::Path(path) if is_word(words, path) || self.is_misspelt(words, path, place) => {
                    self.word(words, expr, ty, place)
                }
                _ => self.leaf_here(or, expr, place),
            },
            Ty::OneOf(types) => match &expr.kind {
                ExprKind::Path(path) if path.parts.len() == 1 => {
                    let block = Block { tag: path.parts.first().cloned(), ..Block::empty(expr.span) };
                    self.one_of(*types, &block, place)
                }
                _ => Err(self.wrong_type(ty, self.found(expr), expr.span)),
            },
            Ty::List { of, min, max } => self.list_of(of, *min, *max, expr, place),
            Ty::Block(_) | Ty::Map { .. } => Err(self.wrong_type(ty, self.found(expr), expr.span)),
            Ty::Text | Ty::Path | Ty::Bool | Ty::Ref(_) | Ty::Split | Ty::Checkpoint => {
                let value = self.eval(expr, place.context)?;
                self.of_type(ty, value, expr, place)
            }
        }
    }

    /// A value of a type that needs no further look at the expression.
    fn of_type(&self, ty: &Ty, value: Value, expr: &Expr, place: Place<'_>) -> Result<Value, Stop> {
        match (ty, value) {
            (Ty::Text, value @ Value::Text(_))
            | (Ty::Bool, value @ Value::Bool(_))
            | (Ty::Split, value @ Value::Split(..))
            | (Ty::Checkpoint, value @ Value::Checkpoint(..)) => Ok(value),
            (Ty::Path, Value::Text(text)) if text.trim().is_empty() => {
                Err(self.wrong_type(ty, "an empty text", expr.span))
            }
            (Ty::Path, Value::Text(text)) => {
                self.inside(&text, expr.span, place.context.scope).map(Value::Text)
            }
            (Ty::Ref(kind), Value::Object(id)) => {
                let object = self.program.object(id);
                if self.instance.object(id).ty.is_none() {
                    return Err(Stop::Reported);
                }
                if object.kind.name == *kind {
                    return Ok(Value::Object(id));
                }
                let path = as_path(expr);
                let (what, declared) = (object.kind.name, object.name.span);
                Err(self.report(codes::e0206::wrong_kind(&path, kind, what, Some(declared))))
            }
            (Ty::Split | Ty::Checkpoint, Value::Object(id)) => {
                let object = self.program.object(id);
                let parts = match object.kind.name {
                    "data" => self.split_names(id, expr.span)?,
                    "stage" => vec!["best".into(), "last".into()],
                    _ => vec![],
                };
                Err(self.report(codes::e0305::which_part(ty, &object.name.node, &parts, expr.span)))
            }
            (ty, value) => Err(self.wrong_type(ty, &value.describe(), expr.span)),
        }
    }

    /// A path of the file, relative to the experiment's folder.
    fn inside(&self, path: &str, span: Span, scope: ScopeId) -> Result<String, Stop> {
        let folder = crate::world::folder_of(&self.program.scope(scope).path);
        crate::world::join(folder, path, self.world.may_leave())
            .ok_or_else(|| self.report(codes::e0502::outside(path, span)))
    }

    /// Whether one bare name that is nothing's can only be meant as one of these words.
    fn is_misspelt(&self, words: &[Word], path: &Path, place: Place<'_>) -> bool {
        let [one] = path.parts.as_slice() else { return false };
        let names: Vec<&str> = words.iter().map(|word| word.name).collect();
        self.program.lookup(place.context.scope, &path.parts).is_none()
            && codes::nearest(&one.node, &names).is_some()
    }

    fn word(&self, words: &[Word], expr: &Expr, ty: &Ty, place: Place<'_>) -> Result<Value, Stop> {
        let ExprKind::Path(path) = &expr.kind else {
            // A field of another declaration may hold the word.
            return Err(self.wrong_type(ty, self.found(expr), expr.span));
        };
        if is_word(words, path) {
            return Ok(Value::Word(path.parts[0].node.clone()));
        }
        if path.parts.len() > 1 {
            let value = self.eval(expr, place.context)?;
            return match value {
                Value::Word(word) if words.iter().any(|w| w.name == word) => Ok(Value::Word(word)),
                other => Err(self.wrong_type(ty, &other.describe(), expr.span)),
            };
        }
        let names: Vec<&str> = words.iter().map(|w| w.name).collect();
        let word = &path.parts[0];
        Err(self.report(codes::e0204::unknown_word(word, &names, place.field.name)))
    }

    fn one_of(
        &self,
        types: fn() -> Vec<&'static Type>,
        block: &Block,
        place: Place<'_>,
    ) -> Result<Value, Stop> {
        let types = types();
        let default = match place.field.default {
            Default::Is(text) if block.partial => text.split_whitespace().next(),
            _ => None,
        };
        let Some(tag) = block.tag.as_ref().map(|t| t.node.as_str()).or(default) else {
            return Err(self.report(codes::e0215::alternative_missing(place.field, &types, block.span)));
        };
        let Some(ty) = types.iter().find(|t| t.name == tag) else {
            let names: Vec<&str> = types.iter().map(|t| t.name).collect();
            let tag = block.tag.as_ref().ok_or(Stop::Reported)?;
            return Err(self.report(codes::e0204::unknown_word(tag, &names, place.field.name)));
        };
        let prefix = place.inside();
        Ok(Value::Fields(self.block(place.owner, ty, block, &prefix)))
    }

    fn list_of(&self, of: &Ty, min: usize, max: usize, expr: &Expr, place: Place<'_>) -> Result<Value, Stop> {
        let element = |(index, item): (usize, &Expr)| {
            let mut found = vec![];
            let term = Term::read(item, place.context.scope, place.origin, &mut found);
            found.into_iter().for_each(|diagnostic| {
                self.report(diagnostic);
            });
            let value = self.term(of, &term, Place { index: Some(index), ..place })?;
            Ok(Checked { value, span: item.span, origin: place.origin.clone() })
        };
        let items = match &expr.kind {
            ExprKind::List(items) => items.as_slice(),
            // One pattern need not stand in brackets.
            _ if min <= 1 => std::slice::from_ref(expr),
            _ => {
                let found = self.found(expr);
                return Err(self.report(codes::e0305::wrong_type(
                    &place.field.ty.expectation(),
                    found,
                    expr.span,
                )));
            }
        };
        if items.len() < min || items.len() > max {
            return Err(self.report(codes::e0311::wrong_length(min, max, items.len(), expr.span)));
        }
        let values: Vec<Result<Checked, Stop>> = items.iter().enumerate().map(element).collect();
        let values = values.into_iter().collect::<Result<Vec<_>, _>>()?;
        if let Some((word, again, before)) = repeated_word(&values) {
            return Err(self.report(codes::e0315::word_twice(word, again, before)));
        }
        Ok(Value::List(values))
    }

    fn map(
        &self,
        of: &Ty,
        keys: Option<&'static str>,
        block: &Block,
        place: Place<'_>,
    ) -> Result<Value, Stop> {
        let mut entries = vec![];
        let mut stop = None;
        for (path, setting) in flat(block) {
            match self.map_entry(of, keys, path, setting, place) {
                Ok(entry) => entries.push(entry),
                Err(why) => stop = Some(why),
            }
        }
        stop.map_or(Ok(Value::Map(entries)), Err)
    }

    fn map_entry(
        &self,
        of: &Ty,
        keys: Option<&'static str>,
        path: Path,
        setting: &Setting,
        place: Place<'_>,
    ) -> Result<MapEntry, Stop> {
        let context = Context { scope: setting.scope, ..place.context };
        let object = keys.map(|kind| self.key_object(&path, kind, context)).transpose();
        let value = self.term(of, &setting.term, Place { context, origin: &setting.origin, ..place });
        let checked = Checked { value: value?, span: setting.term.span(), origin: setting.origin.clone() };
        let name = path.parts.last().cloned().ok_or(Stop::Reported)?;
        Ok(MapEntry { name, object: object?, checked })
    }

    fn key_object(&self, path: &Path, kind: &'static str, context: Context) -> Result<ObjectId, Stop> {
        match self.program.lookup(context.scope, &path.parts) {
            Some((Named { what: What::Object(id), .. }, used)) if used == path.parts.len() => {
                let object = self.program.object(id);
                if object.kind.name == kind {
                    return Ok(id);
                }
                let declared = Some(object.name.span);
                Err(self.report(codes::e0206::wrong_kind(path, kind, object.kind.name, declared)))
            }
            Some((Named { what: What::Broken, .. }, _)) => Err(Stop::Reported),
            _ => {
                let names = self.candidates(context, path);
                Err(self.report(codes::e0205::unknown_name(path, &names)))
            }
        }
    }

    /// Whether a number is what the field accepts; bare counts get their unit.
    fn fit(
        &self,
        number: &Number,
        mut quantity: Quantity,
        expr: &Expr,
        place: Place<'_>,
    ) -> Result<Quantity, Stop> {
        let name = place.field.name;
        let bare = quantity.dimension.is_none() && !number.units.contains(&Dimension::NONE);
        if bare && number.bare && quantity.shown.is_none() {
            quantity.dimension = number.units.first().copied().unwrap_or_default();
            quantity.shown = Some(Shown {
                unit: quantity.dimension.to_string(),
                factor: BigRational::from(num_bigint::BigInt::from(1)),
                dollar: false,
            });
        } else if bare {
            return Err(self.report(codes::e0312::unit_missing(name, number, &quantity, expr.span)));
        } else if !number.units.contains(&quantity.dimension) {
            return Err(self.report(codes::e0303::wrong_dimension(name, number, &quantity, expr.span)));
        }
        // `warmup = 2000` could be a share or steps; a share beyond the whole was meant as steps.
        let share = quantity.dimension.is_none() && number.units.len() > 1;
        if share && quantity.shown.is_none() && quantity.f64() > 1.0 {
            return Err(self.report(codes::e0312::unit_missing(name, number, &quantity, expr.span)));
        }
        if number.whole && !quantity.value.is_integer() {
            return Err(self.report(codes::e0307::not_whole(name, &quantity, expr.span)));
        }
        if !number.contains(&quantity.value) {
            return Err(self.report(codes::e0306::out_of_range(name, number, &quantity, expr.span)));
        }
        if !number.keeps(&quantity) {
            return Err(self.report(codes::e0308::not_kept(name, number, &quantity, expr.span)));
        }
        Ok(quantity)
    }

    fn wrong_type(&self, ty: &Ty, found: &str, span: Span) -> Stop {
        self.report(codes::e0305::wrong_type(&ty.expectation(), found, span))
    }

    /// What an expression is, for messages, without evaluating it.
    fn found(&self, expr: &Expr) -> &'static str {
        match &expr.kind {
            ExprKind::Number(_) => "a number",
            ExprKind::Text(_) => "a text",
            ExprKind::Bool(_) => "`true` or `false`",
            ExprKind::List(_) => "a list",
            ExprKind::Record(_) | ExprKind::Tagged { .. } => "fields in braces",
            ExprKind::Path(_) => "a name",
            ExprKind::Paren(inner) => self.found(inner),
            ExprKind::Unary { .. } | ExprKind::Binary { .. } | ExprKind::Call { .. } => "a computation",
        }
    }
}

/// A word that stands in a list more than once, and where.
fn repeated_word(values: &[Checked]) -> Option<(&str, Span, Span)> {
    let word = |checked: &'_ Checked| matches!(checked.value, Value::Word(_));
    let same =
        |a: &Checked, b: &Checked| matches!((&a.value, &b.value), (Value::Word(a), Value::Word(b)) if a == b);
    values.iter().enumerate().filter(|(_, checked)| word(checked)).find_map(|(index, again)| {
        let before = values.get(..index)?.iter().find(|before| same(before, again))?;
        let Value::Word(word) = &again.value else { return None };
        Some((word.as_str(), again.span, before.span))
    })
}

/// Whether a path is one of these words.
fn is_word(words: &[Word], path: &Path) -> bool {
    matches!(path.parts.as_slice(), [one] if words.iter().any(|w| w.name == one.node))
}

/// Whether a setting stems from a longer path; the relation is checked at its end.
fn partial(setting: &Setting) -> bool {
    matches!(&setting.term, Term::Block(block) if block.partial)
}

/// All settings with their paths: `lab.web = 50%` is one entry under two names.
fn flat(block: &Block) -> Vec<(Path, &Setting)> {
    let mut out = vec![];
    for setting in &block.settings {
        let own = |rest: Vec<Ident>| {
            let parts: Vec<Ident> = std::iter::once(setting.name.clone()).chain(rest).collect();
            Path { span: setting.name.span, parts }
        };
        match &setting.term {
            Term::Block(inner) if inner.partial => {
                out.extend(flat(inner).into_iter().map(|(path, s)| (own(path.parts), s)));
            }
            _ => out.push((own(vec![]), setting)),
        }
    }
    out
}

/// The path that an expression is; one unnamed part if it is none.
fn as_path(expr: &Expr) -> Path {
    match &expr.kind {
        ExprKind::Path(path) => path.clone(),
        ExprKind::Paren(inner) => as_path(inner),
        _ => Path { parts: vec![Ident { node: "this".into(), span: expr.span }], span: expr.span },
    }
}
