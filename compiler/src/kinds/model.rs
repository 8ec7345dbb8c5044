//! `model name : architecture { … }`; the architectures are in [`crate::arch`].

use crate::quantity::Dimension;
use crate::schema::{Kind, Member, Types};

/// The kind.
pub static KIND: Kind = Kind {
    name: "model",
    alias: None,
    doc: "A neural network: its architecture, sizes and tokenizer.",
    types: Types::Many(|| crate::arch::ALL.iter().map(|a| a.schema()).collect()),
    members: &[Member {
        name: "params",
        dimension: Dimension::PARAMS,
        planned: false,
        doc: "Trainable parameters, tied ones counted once.",
    }],
};
