//! `causal_lm`: predicting the next token.

use super::fields;
use crate::eval::{Fields, Stop};
use crate::quantity::Dimension;
use crate::schema::{Field, Number, Ty, Type, Word};

/// Its fields.
pub static TYPE: Type = Type {
    name: "causal_lm",
    doc: "Language modelling: the mean cross-entropy of the next token over all tokens of the global batch.",
    fields: &[
        fields::ON,
        fields::MODEL,
        fields::DATA,
        fields::FROM,
        fields::SEQUENCE,
        Field::with("packing", Ty::Words(PACKINGS), "stream", "How documents lie in samples."),
        fields::BATCH,
        fields::MICRO_BATCH,
        fields::DURATION,
        fields::OPTIMIZER,
        fields::SCHEDULE,
        fields::PRECISION,
        fields::RECOMPUTE,
        fields::PARALLEL,
        fields::REPRODUCIBLE,
        fields::FUSE,
        fields::EVALUATE,
        fields::STOP,
        fields::CHECKPOINT,
        Field::optional("sample", Ty::Block(&SAMPLE), "A text generated before and after the run."),
    ],
};

const PACKINGS: &[Word] = &[
    Word {
        name: "stream",
        doc: "all documents are one stream, cut into samples: a token sees every token before it in its sample, whatever document that is of",
    },
    Word {
        name: "documents",
        doc: "the same samples, but a token sees its own document only, positions begin at 0 with each document or piece of one, and no token of the next document is predicted from the last of one",
    },
];

/// Whether documents do not see each other.
///
/// # Errors
/// If the field was reported.
pub fn documents(fields: &Fields) -> Result<bool, Stop> {
    Ok(fields.word("packing")? == "documents")
}

const NONE: &[Dimension] = &[Dimension::NONE];

static SAMPLE: Type = Type {
    name: "sample",
    doc: "A text generated from the weights.",
    fields: &[
        Field::required("prompt", Ty::Text, "Text to begin with."),
        Field::with(
            "tokens",
            Ty::Number(Number::count(&[Dimension::TOKENS], 1)),
            "200",
            "How many tokens to generate at most: the model may end the text before. Predictions count all of them.",
        ),
        Field::with(
            "temperature",
            Ty::Number(Number::of(NONE)),
            "0.8",
            "0 takes the likeliest token every time.",
        ),
    ],
};
