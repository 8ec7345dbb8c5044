//! Files with one JSON object a line.

use super::{DataType, FILES, SPLIT, WHOLE};
use crate::schema::{Field, Ty, Type};
use regimen_base::data::{Format, Source};

/// The type.
pub static JSONL: DataType = DataType {
    schema: &TYPE,
    read: |eval, object, fields| {
        let format = Format::Jsonl { field: fields.text("text")? };
        Ok(vec![Source {
            name: eval.object_name(object),
            format,
            files: fields.texts("files")?,
            share: WHOLE,
        }])
    },
};

static TYPE: Type = Type {
    name: "jsonl",
    doc: "Files with one JSON object a line; each is a document.",
    fields: &[FILES, Field::with("text", Ty::Text, "\"text\"", "The field that holds the text."), SPLIT],
};
