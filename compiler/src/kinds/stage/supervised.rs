//! `supervised`: predicting what an assistant says.

use super::fields;
use crate::schema::{Field, Ty, Type};

/// Its fields.
pub static TYPE: Type = Type {
    name: "supervised",
    doc: "Supervised fine-tuning: the mean cross-entropy of the next token over all labels of the global batch; the assistant's turns of conversations are labels.",
    fields: &[
        fields::ON,
        fields::MODEL,
        fields::DATA,
        fields::FROM,
        fields::SEQUENCE,
        Field::with(
            "packing",
            Ty::Bool,
            "false",
            "Whether a sample holds as many conversations as fit, none of which sees another, instead of one and padding.",
        ),
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
    ],
};
