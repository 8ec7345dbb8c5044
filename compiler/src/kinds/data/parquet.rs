//! Apache Parquet files.

use super::{BROKEN, CLEAN, DataType, FILES, FOLD, FOLDS, NEAR_DUPLICATES, ORDERED_BY, SPLIT, files};
use crate::schema::{Field, Ty, Type};
use regimen_base::data::Format;

/// The type.
pub static PARQUET: DataType = DataType {
    schema: &TYPE,
    read: |eval, object, fields| files(eval, object, fields, Format::Parquet { field: fields.text("text")? }),
};

static TYPE: Type = Type {
    name: "parquet",
    doc: "Apache Parquet files; each record is a document.",
    fields: &[
        FILES,
        Field::with("text", Ty::Text, "\"text\"", "The column that holds the text."),
        BROKEN,
        CLEAN,
        SPLIT,
        FOLDS,
        FOLD,
        ORDERED_BY,
        NEAR_DUPLICATES,
    ],
};
