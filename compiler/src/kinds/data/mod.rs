//! `data name : type { … }`: where text comes from and how it is divided.

pub mod chats;
pub mod csv;
pub mod jsonl;
pub mod labelled;
pub mod mix;
pub mod parquet;
pub mod text;

use super::cleaning::{CLEAN, steps};
use crate::eval::{Evaluator, Fields, ObjectId, Stop};
use crate::schema::{Field, Kind, Number, Ty, Type, Types};
use regimen_base::cleaning::Cleaning;
use regimen_base::data::{Format, Share, Source};

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
pub static ALL: &[&DataType] = &[
    &text::TEXT,
    &jsonl::JSONL,
    &csv::CSV,
    &parquet::PARQUET,
    &labelled::LABELLED,
    &chats::CHATS,
    &mix::MIX,
];

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
    "Files by name or pattern (`*`, `**`, `?`), relative to this file's folder; one, or a list. Names that end in `.gz` or `.zst` are unpacked while they are read.",
);

/// How many broken records are left out.
const BROKEN: Field = Field::with(
    "broken",
    Ty::Number(Number::share()),
    "0%",
    "Largest share of broken records that is left out, each listed with file and line; by default the first one stops.",
);

/// The one source of a dataset of files.
fn files(
    eval: &Evaluator<'_>,
    object: ObjectId,
    fields: &Fields,
    format: Format,
) -> Result<Vec<Source>, Stop> {
    let cleaned = fields.known("broken").is_some();
    let cleaning = match cleaned {
        true => Cleaning { steps: steps(eval, fields)?, broken: fields.f64("broken")? },
        // Labelled records are taken as they are.
        false => Cleaning::default(),
    };
    let name = eval.object_name(object);
    Ok(vec![Source { name, format, files: fields.texts("files")?, share: WHOLE, cleaning }])
}

/// All of it.
const WHOLE: Share = Share { numerator: 1, denominator: 1 };
