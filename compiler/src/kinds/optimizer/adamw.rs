//! AdamW: Adam with bias correction and decoupled weight decay.

use super::{CLIP, LR, NONE, OptimizerType};
use crate::experiment::{Optimizer, Rule};
use crate::schema::{Bound, Field, Number, Ty, Type, Word};

/// The optimizer.
pub static ADAMW: OptimizerType = OptimizerType {
    schema: &TYPE,
    read: |fields| {
        let betas = fields.f64s("betas")?;
        let [beta1, beta2] = betas[..] else { return Err(crate::eval::Stop::Reported) };
        Ok(Optimizer {
            rule: Rule::AdamW { beta1, beta2, eps: fields.f64("eps")? },
            weight_decay: fields.f64("weight_decay")?,
            clip: fields.f64("clip")?,
            decay_all: fields.word("decay")? == "all",
        })
    },
};

/// Strictly below one: at one the average never moves.
const BETA: Ty = Ty::Number(Number::of(NONE).up_to(Bound::Beyond(1)));

static TYPE: Type = Type {
    name: "adamw",
    doc: "Adam with bias correction and decoupled weight decay.",
    fields: &[
        LR,
        Field::with(
            "betas",
            Ty::List { of: &BETA, min: 2, max: 2 },
            "[0.9, 0.999]",
            "Decay of the two moments.",
        ),
        Field::with(
            "eps",
            Ty::Number(Number::of(NONE).from(Bound::Beyond(0))),
            "1e-8",
            "Added to the root of the second moment.",
        ),
        Field::with(
            "weight_decay",
            Ty::Number(Number::of(NONE)),
            "0.01",
            "Share of a weight that each step removes, times the learning rate.",
        ),
        Field::with("decay", Ty::Words(DECAY), "matrices", "Which weights decay."),
        CLIP,
    ],
};

const DECAY: &[Word] =
    &[Word { name: "matrices", doc: "not biases and norms" }, Word { name: "all", doc: "every weight" }];
