//! WordPiece, trained in the experiment.

use super::TokenizerType;
use crate::quantity::Dimension;
use crate::schema::{Field, Number, Ty, Type};
use regimen_base::data::TokenizerKind;

/// The type.
pub static WORDPIECE: TokenizerType = TokenizerType {
    schema: &TYPE,
    read: |eval, fields| {
        Ok(TokenizerKind::Wordpiece {
            train_on: eval.object_name(fields.object("train_on")?),
            vocab: fields.u64("vocab")?,
            min_frequency: fields.u64("min_frequency")?,
            lowercase: fields.bool("lowercase")?,
        })
    },
    assumed_vocab: |kind| kind.asked_vocab().unwrap_or(30_522),
    bytes_per_token: 4,
};

static TYPE: Type = Type {
    name: "wordpiece",
    doc: "WordPiece as BERT has it, trained on the training split of a dataset: words are divided at spaces and punctuation, and pieces inside a word begin with `##`. Its special tokens are `[PAD]`, `[UNK]`, `[CLS]`, `[SEP]` (also between documents) and `[MASK]`. Text comes back without its spacing.",
    fields: &[
        Field::required("train_on", Ty::Ref("data"), "The dataset it is trained on."),
        Field::required(
            "vocab",
            Ty::Number(Number::count(NONE, 8)),
            "Size of the vocabulary, special tokens and every character (alone and inside a word) included.",
        ),
        Field::with(
            "min_frequency",
            Ty::Number(Number::count(NONE, 1)),
            "2",
            "Pairs that occur less often are not merged.",
        ),
        Field::with(
            "lowercase",
            Ty::Bool,
            "true",
            "Whether text becomes lower case and loses its accents, as in BERT's uncased models.",
        ),
    ],
};

const NONE: &[Dimension] = &[Dimension::NONE];
