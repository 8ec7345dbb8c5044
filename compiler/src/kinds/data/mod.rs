//! `data name : type { … }`: where text comes from and how it is divided.

pub mod jsonl;
pub mod mix;
pub mod text;

use crate::eval::{Evaluator, Fields, ObjectId, Stop};
use crate::schema::{Field, Kind, Number, Ty, Type, Types};
use regimen_base::data::{Share, Source};

/// The kind.
pub static KIND: Kind = Kind {
    name: "data",
    alias: None,
    doc: "A dataset: files, or a mix of datasets, and how its documents are divided into parts.",
    types: Types::Many(|| ALL.iter().map(|t| t.schema).collect()),
    members: &[],
};

/// A type of dataset.
#[derive(Debug)]
pub struct DataType {
    /// Its fields.
    pub schema: &'static Type,
    /// Lists its sources.
    pub read: fn(&Evaluator<'_>, ObjectId, &Fields) -> Result<Vec<Source>, Stop>,
}

/// The types, in the order of the language reference.
pub static ALL: &[&DataType] = &[&text::TEXT, &jsonl::JSONL, &mix::MIX];

/// The type with this name.
pub fn find(name: &str) -> Option<&'static DataType> {
    ALL.iter().copied().find(|t| t.schema.name == name)
}

/// How the documents of any dataset are divided.
const SPLIT: Field = Field::optional(
    "split",
    Ty::Map { of: &Ty::Number(Number::share()), keys: None },
    "Named parts and their shares of the bytes, 100 % together; whole documents are assigned. Without it there is one part, `train`.",
);

/// The files of a dataset: one pattern or several.
const FILES: Field = Field::required(
    "files",
    Ty::List { of: &Ty::Path, min: 1, max: 10_000 },
    "Files by name or pattern (`*`, `**`, `?`), relative to this file's folder; one, or a list.",
);

/// All of it.
const WHOLE: Share = Share { numerator: 1, denominator: 1 };
