//! `replaced_token_detection`: telling which tokens a generator replaced.

use super::{fields, masked_lm};
use crate::quantity::Dimension;
use crate::schema::{Bound, Field, Number, Ty, Type};

/// Its fields.
pub static TYPE: Type = Type {
    name: "replaced_token_detection",
    doc: "Replaced token detection: the generator's loss on hidden tokens, and that of telling which tokens it replaced, over all tokens of the global batch.",
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
        Field::with(
            "masking",
            Ty::Block(&MASKING),
            "{}",
            "Which tokens are hidden from the generator, and how.",
        ),
        Field::with(
            "detection_weight",
            Ty::Number(Number::of(&[Dimension::NONE]).from(Bound::Beyond(0))),
            "50",
            "Weight of the detection loss beside that of the generator.",
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
    doc: "Hidden tokens become the mask or stay; the generator draws each of them anew.",
    fields: &[
        masked_lm::RATE,
        Field::with("masked", Ty::Number(Number::share()), "85%", "Share of those that become the mask."),
        Field::with(
            "random",
            Ty::Number(Number::share()),
            "0%",
            "Share of those that become any token; what is left of 100 % stays as it is.",
        ),
        masked_lm::FRESH,
        masked_lm::UNIT,
    ],
};
