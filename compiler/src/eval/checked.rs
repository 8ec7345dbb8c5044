//! Values that were checked against the schema.

use super::{ObjectId, Stop};
use crate::program::Origin;
use crate::quantity::{Dimension, Quantity};
use regimen_base::Span;
use regimen_grammar::ast::Ident;

/// A value, where it was written, and by whom.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The value.
    pub value: Value,
    /// Where it was written; the declaration's name if it is a default.
    pub span: Span,
    /// Who set it.
    pub origin: Origin,
}

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    /// A number of something.
    Quantity(Quantity),
    /// A text.
    Text(String),
    /// Yes or no.
    Bool(bool),
    /// A word of the schema.
    Word(String),
    /// A declaration.
    Object(ObjectId),
    /// A part of a dataset.
    Split(ObjectId, String),
    /// What a stage leaves behind: `best` or `last`.
    Checkpoint(ObjectId, String),
    /// A list.
    List(Vec<Checked>),
    /// Fields in braces.
    Fields(Fields),
    /// Values under names that the author chose.
    Map(Vec<MapEntry>),
}

/// A value under a name that the author chose.
#[derive(Clone, Debug)]
pub struct MapEntry {
    /// The name.
    pub name: Ident,
    /// The declaration that it names, where names must be declarations.
    pub object: Option<ObjectId>,
    /// The value.
    pub checked: Checked,
}

impl Value {
    /// Elements of a list, those of its lists included.
    pub fn elements(&self) -> usize {
        match self {
            Value::List(list) => list.iter().map(|c| 1 + c.value.elements()).sum(),
            _ => 0,
        }
    }

    /// What it is, for messages.
    pub fn describe(&self) -> String {
        match self {
            Value::Quantity(q) => q.to_string(),
            Value::Text(_) => "a text".into(),
            Value::Bool(b) => b.to_string(),
            Value::Word(w) => format!("the word `{w}`"),
            Value::Object(_) => "a declaration".into(),
            Value::Split(..) => "a part of a dataset".into(),
            Value::Checkpoint(..) => "a checkpoint".into(),
            Value::List(_) => "a list".into(),
            Value::Fields(_) | Value::Map(_) => "fields in braces".into(),
        }
    }
}

/// Fields of a block. Fields without value are missing; fields that were reported say so.
#[derive(Clone, Debug)]
pub struct Fields {
    /// The word before the brace: `adamw`; the type of a declaration.
    pub type_name: Option<&'static str>,
    /// In the order of the schema.
    pub entries: Vec<(&'static str, Result<Checked, Stop>)>,
    /// From brace to brace.
    pub span: Span,
}

impl Fields {
    /// The field, if it has a value; an error if that was reported.
    pub fn get(&self, name: &str) -> Result<Option<&Checked>, Stop> {
        match self.entries.iter().find(|(n, _)| *n == name) {
            Some((_, Ok(checked))) => Ok(Some(checked)),
            Some((_, Err(stop))) => Err(*stop),
            None => Ok(None),
        }
    }

    /// The field, if it has a value that was not reported.
    pub fn known(&self, name: &str) -> Option<&Checked> {
        self.get(name).ok().flatten()
    }

    /// Where the field was written; the block if nowhere.
    pub fn span_of(&self, name: &str) -> Span {
        self.known(name).map_or(self.span, |c| c.span)
    }

    /// Whether the file, a variant or the command line sets the field.
    pub fn is_set(&self, name: &str) -> bool {
        self.known(name).is_some_and(|c| c.origin != Origin::Default)
    }

    fn need(&self, name: &str) -> Result<&Checked, Stop> {
        self.get(name)?.ok_or(Stop::Reported)
    }

    /// A number of something.
    pub fn quantity(&self, name: &str) -> Result<&Quantity, Stop> {
        self.optional_quantity(name)?.ok_or(Stop::Reported)
    }

    /// A number of something, if set.
    pub fn optional_quantity(&self, name: &str) -> Result<Option<&Quantity>, Stop> {
        match self.get(name)?.map(|c| &c.value) {
            Some(Value::Quantity(q)) => Ok(Some(q)),
            _ => Ok(None),
        }
    }

    /// A whole number in base units.
    pub fn u64(&self, name: &str) -> Result<u64, Stop> {
        self.quantity(name)?.u64().ok_or(Stop::Reported)
    }

    /// A number in base units.
    pub fn f64(&self, name: &str) -> Result<f64, Stop> {
        Ok(self.quantity(name)?.f64())
    }

    /// Numbers in base units.
    pub fn f64s(&self, name: &str) -> Result<Vec<f64>, Stop> {
        let Value::List(list) = &self.need(name)?.value else { return Err(Stop::Reported) };
        let number = |c: &Checked| match &c.value {
            Value::Quantity(q) => Ok(q.f64()),
            _ => Err(Stop::Reported),
        };
        list.iter().map(number).collect()
    }

    /// A text.
    pub fn text(&self, name: &str) -> Result<String, Stop> {
        self.optional_text(name)?.ok_or(Stop::Reported)
    }

    /// A text, if set.
    pub fn optional_text(&self, name: &str) -> Result<Option<String>, Stop> {
        match self.get(name)?.map(|c| &c.value) {
            Some(Value::Text(text)) => Ok(Some(text.clone())),
            _ => Ok(None),
        }
    }

    /// Texts.
    pub fn texts(&self, name: &str) -> Result<Vec<String>, Stop> {
        let Value::List(list) = &self.need(name)?.value else { return Err(Stop::Reported) };
        let text = |c: &Checked| match &c.value {
            Value::Text(text) => Ok(text.clone()),
            _ => Err(Stop::Reported),
        };
        list.iter().map(text).collect()
    }

    /// A word of the schema.
    pub fn word(&self, name: &str) -> Result<&str, Stop> {
        self.optional_word(name)?.ok_or(Stop::Reported)
    }

    /// A word of the schema, if set.
    pub fn optional_word(&self, name: &str) -> Result<Option<&str>, Stop> {
        match self.get(name)?.map(|c| &c.value) {
            Some(Value::Word(word)) => Ok(Some(word)),
            _ => Ok(None),
        }
    }

    /// Yes or no.
    pub fn bool(&self, name: &str) -> Result<bool, Stop> {
        match self.need(name)?.value {
            Value::Bool(value) => Ok(value),
            _ => Err(Stop::Reported),
        }
    }

    /// A declaration.
    pub fn object(&self, name: &str) -> Result<ObjectId, Stop> {
        match self.need(name)?.value {
            Value::Object(id) => Ok(id),
            _ => Err(Stop::Reported),
        }
    }

    /// Fields in braces, if set.
    pub fn block(&self, name: &str) -> Result<Option<&Fields>, Stop> {
        match self.get(name)?.map(|c| &c.value) {
            Some(Value::Fields(fields)) => Ok(Some(fields)),
            _ => Ok(None),
        }
    }

    /// Values under names, if set.
    pub fn map(&self, name: &str) -> Result<Option<&[MapEntry]>, Stop> {
        match self.get(name)?.map(|c| &c.value) {
            Some(Value::Map(map)) => Ok(Some(map)),
            _ => Ok(None),
        }
    }

    /// Names with shares, if set.
    pub fn shares(&self, name: &str) -> Result<Option<Vec<(&Ident, &Quantity)>>, Stop> {
        let share = |e: &'_ MapEntry| e.checked.value.as_quantity().is_some();
        Ok(self
            .map(name)?
            .filter(|m| m.iter().all(share))
            .map(|map| map.iter().filter_map(|e| Some((&e.name, e.checked.value.as_quantity()?))).collect()))
    }

    /// Declarations with shares.
    pub fn objects_with_shares(&self, name: &str) -> Result<Vec<(&Ident, ObjectId, &Quantity)>, Stop> {
        let entry = |e: &'_ MapEntry| Some((e.object?, e.checked.value.as_quantity()?.clone()));
        let map = self.map(name)?.ok_or(Stop::Reported)?;
        if map.iter().any(|e| entry(e).is_none()) {
            return Err(Stop::Reported);
        }
        Ok(map.iter().filter_map(|e| Some((&e.name, e.object?, e.checked.value.as_quantity()?))).collect())
    }
}

impl Value {
    /// The number, if it is one.
    pub fn as_quantity(&self) -> Option<&Quantity> {
        match self {
            Value::Quantity(q) => Some(q),
            _ => None,
        }
    }

    /// The number, if it is one of this dimension.
    pub fn number_of(&self, dimension: Dimension) -> Option<&Quantity> {
        self.as_quantity().filter(|q| q.dimension == dimension)
    }
}
