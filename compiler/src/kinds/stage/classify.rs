//! `classify`: telling which class a text belongs to.

use super::fields;
use crate::arch::parts::DROPOUT;
use crate::schema::{Field, Ty, Type};

/// Its fields.
pub static TYPE: Type = Type {
    name: "classify",
    doc: "Classification: the mean cross-entropy of the classes of labelled records over the samples of the global batch. The model's own head gives way to one that tells classes, as transformers' `…ForSequenceClassification` have it.",
    fields: &[
        fields::ON,
        fields::MODEL,
        Field::required(
            "data",
            Ty::Ref("data"),
            "A `labelled` dataset; each record is a sample, cut or padded to `sequence`. Its part `train` is trained on.",
        ),
        Field::optional(
            "from",
            Ty::Checkpoint,
            "Start from another stage's checkpoint: `other.last`, `other.best`. The body's weights are taken; the head is new, unless that stage classifies too.",
        ),
        fields::SEQUENCE,
        fields::BATCH,
        fields::MICRO_BATCH,
        fields::DURATION,
        fields::OPTIMIZER,
        fields::SCHEDULE,
        fields::PRECISION,
        Field::with(
            "classifier_dropout",
            DROPOUT,
            "0%",
            "Dropout in the head; the other three rates are the model's.",
        ),
        fields::RECOMPUTE,
        fields::PARALLEL,
        fields::REPRODUCIBLE,
        fields::FUSE,
        fields::EVALUATE_CLASSES,
        fields::STOP_CLASSES,
        fields::CHECKPOINT,
    ],
};
