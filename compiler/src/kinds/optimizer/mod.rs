//! What updates the weights.

pub mod adamw;
pub mod sgd;

use crate::eval::{Fields, Stop};
use crate::experiment::Optimizer;
use crate::quantity::Dimension;
use crate::schema::{Field, Number, Ty, Type};

/// An optimizer.
#[derive(Debug)]
pub struct OptimizerType {
    /// Its fields; `lr` is among them.
    pub schema: &'static Type,
    /// Reads them.
    pub read: fn(&Fields) -> Result<Optimizer, Stop>,
}

/// The optimizers, in the order of the language reference.
pub static ALL: &[&OptimizerType] = &[&adamw::ADAMW, &sgd::SGD];

/// Field tables of all.
pub fn types() -> Vec<&'static Type> {
    ALL.iter().map(|o| o.schema).collect()
}

/// The optimizer with this name.
pub fn find(name: &str) -> Option<&'static OptimizerType> {
    ALL.iter().copied().find(|o| o.schema.name == name)
}

const NONE: &[Dimension] = &[Dimension::NONE];

/// Peak learning rate.
const LR: Field = Field::required(
    "lr",
    Ty::Number(Number::of(NONE).from(crate::schema::Bound::Beyond(0))),
    "Highest learning rate; `schedule` says how it is reached and left.",
);

/// Largest norm of the gradient.
const CLIP: Field = Field::with(
    "clip",
    Ty::Number(Number::of(NONE)),
    "0",
    "Largest global norm of the gradient; 0 for no clipping.",
);
