//! A `tokenizer.json` as Hugging Face writes it.

use super::TokenizerType;
use crate::schema::{Field, Ty, Type};
use regimen_base::data::TokenizerKind;

/// The type.
pub static HF: TokenizerType = TokenizerType {
    schema: &TYPE,
    read: |_, fields| {
        Ok(TokenizerKind::Hf {
            path: fields.text("path")?,
            end_of_text: fields.optional_text("end_of_text")?,
        })
    },
    assumed_vocab: |_| 50_257,
    bytes_per_token: 4,
};

static TYPE: Type = Type {
    name: "hf",
    doc: "A tokenizer in Hugging Face's format.",
    fields: &[
        Field::required("path", Ty::Path, "The file `tokenizer.json`, or the folder that holds it."),
        Field::optional(
            "end_of_text",
            Ty::Text,
            "The token between documents, if not the one that the files name.",
        ),
    ],
};
