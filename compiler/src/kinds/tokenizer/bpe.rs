//! Byte-pair encoding, trained in the experiment.

use super::TokenizerType;
use crate::quantity::Dimension;
use crate::schema::{Field, Number, Ty, Type};
use regimen_base::data::TokenizerKind;

/// The type.
pub static BPE: TokenizerType = TokenizerType {
    schema: &TYPE,
    read: |eval, fields| {
        Ok(TokenizerKind::Bpe {
            train_on: eval.object_name(fields.object("train_on")?),
            vocab: fields.u64("vocab")?,
            min_frequency: fields.u64("min_frequency")?,
        })
    },
    assumed_vocab: |kind| match kind {
        TokenizerKind::Bpe { vocab, .. } => *vocab,
        _ => 50_257,
    },
    bytes_per_token: 4,
};

static TYPE: Type = Type {
    name: "bpe",
    doc: "Byte-level byte-pair encoding, trained on the training split of a dataset.",
    fields: &[
        Field::required("train_on", Ty::Ref("data"), "The dataset it is trained on."),
        // The 256 bytes and the token between documents come first.
        Field::required(
            "vocab",
            Ty::Number(Number::count(NONE, 257)),
            "Size of the vocabulary, special tokens included.",
        ),
        Field::with(
            "min_frequency",
            Ty::Number(Number::count(NONE, 1)),
            "2",
            "Pairs that occur less often are not merged.",
        ),
    ],
};

const NONE: &[Dimension] = &[Dimension::NONE];
