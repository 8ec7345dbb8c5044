//! Every character of the training text is a token.

use super::TokenizerType;
use crate::schema::{Field, Ty, Type};
use regimen_base::data::TokenizerKind;

/// The type.
pub static CHARS: TokenizerType = TokenizerType {
    schema: &TYPE,
    read: |eval, fields| Ok(TokenizerKind::Chars { train_on: eval.object_name(fields.object("train_on")?) }),
    assumed_vocab: |_| 128,
    bytes_per_token: 1,
};

static TYPE: Type = Type {
    name: "chars",
    doc: "The characters that occur in the training split of a dataset, one for unknown characters, one between documents.",
    fields: &[Field::required("train_on", Ty::Ref("data"), "The dataset whose characters are taken.")],
};
