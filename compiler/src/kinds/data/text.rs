//! Plain text files.

use super::{BROKEN, CLEAN, DataType, FILES, FOLD, FOLDS, NEAR_DUPLICATES, SPLIT, files};
use crate::schema::{Field, Ty, Type, Word};
use regimen_base::data::{Format, TextDocument};

/// The type.
pub static TEXT: DataType = DataType {
    schema: &TYPE,
    read: |eval, object, fields| {
        let document = match fields.word("document")? {
            "paragraph" => TextDocument::Paragraph,
            "line" => TextDocument::Line,
            _ => TextDocument::File,
        };
        files(eval, object, fields, Format::Text { document })
    },
};

static TYPE: Type = Type {
    name: "text",
    doc: "Plain UTF-8 text files.",
    fields: &[
        FILES,
        Field::with("document", Ty::Words(DOCUMENTS), "file", "What counts as one document."),
        BROKEN,
        CLEAN,
        SPLIT,
        FOLDS,
        FOLD,
        NEAR_DUPLICATES,
    ],
};

const DOCUMENTS: &[Word] = &[
    Word { name: "file", doc: "each file" },
    Word { name: "paragraph", doc: "what stands between blank lines" },
    Word { name: "line", doc: "each line" },
];
