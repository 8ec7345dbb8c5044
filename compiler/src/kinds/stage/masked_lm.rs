//! `masked_lm`: predicting hidden tokens.

use super::fields;
use crate::eval::{Fields, Stop};
use crate::experiment::Masking;
use crate::schema::{Bound, Field, Number, Ty, Type, Word};

/// Its fields.
pub static TYPE: Type = Type {
    name: "masked_lm",
    doc: "Masked language modelling: the mean cross-entropy of hidden tokens over all those of the global batch.",
    fields: &[
        fields::ON,
        fields::MODEL,
        fields::DATA,
        fields::FROM,
        fields::SEQUENCE,
        fields::BATCH,
        fields::MICRO_BATCH,
        fields::DURATION,
        fields::OPTIMIZER,
        fields::SCHEDULE,
        fields::PRECISION,
        Field::with("masking", Ty::Block(&MASKING), "{}", "Which tokens are hidden, and how."),
        Field::with(
            "next_sentence",
            Ty::Bool,
            "false",
            "Whether samples are pairs of texts and the model also tells whether the second follows the first, as BERT was pretrained; half of the second ones come from another document.",
        ),
        fields::RECOMPUTE,
        fields::PARALLEL,
        fields::REPRODUCIBLE,
        fields::FUSE,
        fields::EVALUATE,
        fields::STOP,
        fields::CHECKPOINT,
    ],
};

static MASKING: Type = Type {
    name: "masking",
    doc: "Hidden tokens become the mask, any token, or stay; the model predicts all three alike.",
    fields: &[
        RATE,
        Field::with("masked", Ty::Number(Number::share()), "80%", "Share of those that become the mask."),
        Field::with(
            "random",
            Ty::Number(Number::share()),
            "10%",
            "Share of those that become any token of the vocabulary; what is left of 100 % stays as it is.",
        ),
        FRESH,
        UNIT,
    ],
};

/// How many tokens are predicted.
pub const RATE: Field = Field::with(
    "rate",
    Ty::Number(Number::share().from(Bound::Beyond(0))),
    "15%",
    "Share of the tokens that are predicted; never the token between documents.",
);

/// When the choice is made.
pub const FRESH: Field = Field::with(
    "fresh",
    Ty::Words(TIMES),
    "every_epoch",
    "When the choice is made: RoBERTa's dynamic masking, or BERT's static one.",
);

/// What is chosen.
pub const UNIT: Field = Field::with("unit", Ty::Words(UNITS), "token", "What is chosen.");

const TIMES: &[Word] = &[
    Word { name: "every_epoch", doc: "anew each time that a text is seen (dynamic)" },
    Word { name: "once", doc: "the same tokens in every epoch (static)" },
];

const UNITS: &[Word] = &[
    Word { name: "token", doc: "each token by itself" },
    Word { name: "word", doc: "words, with all of their tokens (whole-word masking)" },
];

/// Reads the field `masking`.
///
/// # Errors
/// If a part of it was reported.
pub fn read(fields: &Fields) -> Result<Masking, Stop> {
    let block = fields.block("masking")?.ok_or(Stop::Reported)?;
    Ok(Masking {
        rate: block.f64("rate")?,
        masked: block.f64("masked")?,
        random: block.f64("random")?,
        whole_words: block.word("unit")? == "word",
        fixed: block.word("fresh")? == "once",
    })
}
