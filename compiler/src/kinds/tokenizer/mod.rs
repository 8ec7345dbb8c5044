//! `tokenizer name : type { … }`: how text becomes tokens.

pub mod bpe;
pub mod bytes;
pub mod chars;
pub mod hf;
pub mod unigram;
pub mod wordpiece;

use crate::eval::{Evaluator, Fields, Stop};
use crate::quantity::Dimension;
use crate::schema::{Kind, Member, Type, Types};
use regimen_base::data::TokenizerKind;

/// The kind.
pub static KIND: Kind = Kind {
    name: "tokenizer",
    alias: None,
    doc: "How text becomes tokens.",
    types: Types::Many(|| ALL.iter().map(|t| t.schema).collect()),
    members: &[
        Member {
            name: "vocab",
            dimension: Dimension::NONE,
            planned: false,
            doc: "Size of the vocabulary, special tokens included; measured once the data are at hand.",
        },
        Member {
            name: "vocab_with_mask",
            dimension: Dimension::NONE,
            planned: false,
            doc: "The same with a token that stands for a hidden one: one more, unless the tokenizer has `[MASK]` or `<mask>`.",
        },
        Member {
            name: "vocab_with_marks",
            dimension: Dimension::NONE,
            planned: false,
            doc: "The same with padding, beginning and end of a text too: one more for each that the tokenizer does not have.",
        },
    ],
};

/// A type of tokenizer.
#[derive(Debug)]
pub struct TokenizerType {
    /// Its fields.
    pub schema: &'static Type,
    /// Reads them.
    pub read: fn(&Evaluator<'_>, &Fields) -> Result<TokenizerKind, Stop>,
    /// Vocabulary to assume while the facts are unknown.
    pub assumed_vocab: fn(&TokenizerKind) -> u64,
    /// Bytes of text per token to assume while the facts are unknown.
    pub bytes_per_token: u64,
}

/// The types, in the order of the language reference.
pub static ALL: &[&TokenizerType] =
    &[&bytes::BYTES, &chars::CHARS, &bpe::BPE, &wordpiece::WORDPIECE, &unigram::UNIGRAM, &hf::HF];

/// The type with this name.
pub fn find(name: &str) -> Option<&'static TokenizerType> {
    ALL.iter().copied().find(|t| t.schema.name == name)
}
