//! Files with one JSON object a line.

use super::{BROKEN, CLEAN, DataType, FILES, FOLD, FOLDS, NEAR_DUPLICATES, ORDERED_BY, SPLIT, files};
use crate::schema::{Field, Ty, Type};
use regimen_base::data::Format;

/// The type.
pub static JSONL: DataType = DataType {
    schema: &TYPE,
    read: |eval, object, fields| files(eval, object, fields, Format::Jsonl { field: fields.text("text")? }),
};

static TYPE: Type = Type {
    name: "jsonl",
    doc: "Files with one JSON object a line; each is a document.",
    fields: &[
        FILES,
        Field::with("text", Ty::Text, "\"text\"", "The field that holds the text."),
        BROKEN,
        CLEAN,
        SPLIT,
        FOLDS,
        FOLD,
        ORDERED_BY,
        NEAR_DUPLICATES,
    ],
};
