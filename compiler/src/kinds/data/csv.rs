//! Tables as text: a header line, then a record a line.

use super::{BROKEN, CLEAN, DataType, FILES, FOLD, FOLDS, NEAR_DUPLICATES, ORDERED_BY, SPLIT, files};
use crate::schema::{Field, Ty, Type, Word};
use regimen_base::data::Format;

/// The type.
pub static CSV: DataType = DataType {
    schema: &TYPE,
    read: |eval, object, fields| {
        let delimiter = match fields.word("delimiter")? {
            "tab" => '\t',
            "semicolon" => ';',
            _ => ',',
        };
        files(eval, object, fields, Format::Csv { field: fields.text("text")?, delimiter })
    },
};

static TYPE: Type = Type {
    name: "csv",
    doc: "Tables with a header line (RFC 4180); each record is a document.",
    fields: &[
        FILES,
        Field::with("text", Ty::Text, "\"text\"", "The column that holds the text."),
        Field::with("delimiter", Ty::Words(DELIMITERS), "comma", "What stands between columns."),
        BROKEN,
        CLEAN,
        SPLIT,
        FOLDS,
        FOLD,
        ORDERED_BY,
        NEAR_DUPLICATES,
    ],
};

const DELIMITERS: &[Word] = &[
    Word { name: "comma", doc: "`,`" },
    Word { name: "semicolon", doc: "`;`" },
    Word { name: "tab", doc: "a tabulator" },
];
