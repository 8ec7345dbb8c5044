//! Every byte is a token.

use super::TokenizerType;
use crate::schema::Type;
use regimen_base::data::TokenizerKind;

/// The type.
pub static BYTES: TokenizerType = TokenizerType {
    schema: &TYPE,
    read: |_, _| Ok(TokenizerKind::Bytes),
    assumed_vocab: |_| 257,
    bytes_per_token: 1,
};

static TYPE: Type = Type {
    name: "bytes",
    doc: "The 256 bytes and one token between documents. Nothing to configure.",
    fields: &[],
};
