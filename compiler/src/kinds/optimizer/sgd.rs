//! Stochastic gradient descent.

use super::{CLIP, LR, NONE, OptimizerType};
use crate::experiment::{Optimizer, Rule};
use crate::schema::{Bound, Field, Number, Ty, Type};

/// The optimizer.
pub static SGD: OptimizerType = OptimizerType {
    schema: &TYPE,
    read: |fields| {
        Ok(Optimizer {
            rule: Rule::Sgd { momentum: fields.f64("momentum")? },
            weight_decay: fields.f64("weight_decay")?,
            clip: fields.f64("clip")?,
            decay_all: false,
        })
    },
};

static TYPE: Type = Type {
    name: "sgd",
    doc: "Stochastic gradient descent with momentum. Weight decay leaves biases and norms alone.",
    fields: &[
        LR,
        Field::with(
            "momentum",
            Ty::Number(Number::of(NONE).up_to(Bound::Beyond(1))),
            "0",
            "Decay of the running gradient; 0 for none.",
        ),
        Field::with(
            "weight_decay",
            Ty::Number(Number::of(NONE)),
            "0",
            "Share of a weight that each step removes, times the learning rate.",
        ),
        CLIP,
    ],
};
