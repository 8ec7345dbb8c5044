//! A unigram language model of pieces, trained in the experiment.

use super::TokenizerType;
use crate::quantity::Dimension;
use crate::schema::{Field, Number, Ty, Type};
use regimen_base::data::TokenizerKind;

/// The type.
pub static UNIGRAM: TokenizerType = TokenizerType {
    schema: &TYPE,
    read: |eval, fields| {
        Ok(TokenizerKind::Unigram {
            train_on: eval.object_name(fields.object("train_on")?),
            vocab: fields.u64("vocab")?,
        })
    },
    assumed_vocab: |kind| kind.asked_vocab().unwrap_or(32_000),
    bytes_per_token: 4,
};

static TYPE: Type = Type {
    name: "unigram",
    doc: "A unigram language model of pieces, as SentencePiece has it (Kudo 2018), trained on the training split of a dataset. Spaces are part of pieces, and characters without a piece become bytes, so every text comes back as it was. Its special tokens are `<unk>`, `<s>`, `</s>` (also between documents), `<pad>` and `<mask>`.",
    fields: &[
        Field::required("train_on", Ty::Ref("data"), "The dataset it is trained on."),
        // Five special tokens and 256 bytes come first.
        Field::required(
            "vocab",
            Ty::Number(Number::count(NONE, 264)),
            "Size of the vocabulary, special tokens, bytes and every character of the text included.",
        ),
    ],
};

const NONE: &[Dimension] = &[Dimension::NONE];
