//! Plain text files.

use super::{DataType, FILES, SPLIT, WHOLE};
use crate::schema::{Field, Ty, Type, Word};
use regimen_base::data::{Format, Source, TextDocument};

/// The type.
pub static TEXT: DataType = DataType {
    schema: &TYPE,
    read: |eval, object, fields| {
        let document = match fields.word("document")? {
            "paragraph" => TextDocument::Paragraph,
            "line" => TextDocument::Line,
            _ => TextDocument::File,
        };
        let name = eval.object_name(object);
        Ok(vec![Source {
            name,
            format: Format::Text { document },
            files: fields.texts("files")?,
            share: WHOLE,
        }])
    },
};

static TYPE: Type = Type {
    name: "text",
    doc: "Plain UTF-8 text files.",
    fields: &[
        FILES,
        Field::with("document", Ty::Words(DOCUMENTS), "file", "What counts as one document."),
        SPLIT,
    ],
};

const DOCUMENTS: &[Word] = &[
    Word { name: "file", doc: "each file" },
    Word { name: "paragraph", doc: "what stands between blank lines" },
    Word { name: "line", doc: "each line" },
];
