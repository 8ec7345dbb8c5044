//! `experiment name { … }`: what holds for the whole file.

use crate::schema::{Field, Kind, Number, Ty, Type, Types};

/// The kind.
pub static KIND: Kind = Kind {
    name: "experiment",
    alias: None,
    doc: "The name of the experiment and what holds for all of it. A file that is run has exactly one.",
    types: Types::One(&TYPE),
    members: &[],
};

/// Its fields.
pub static TYPE: Type = Type {
    name: "experiment",
    doc: "Fields of `experiment`.",
    fields: &[
        Field::with("seed", Ty::Number(Number::count(NONE, 0)), "0", "Seed of every random stream."),
        Field::optional("description", Ty::Text, "A sentence for the reports."),
    ],
};

const NONE: &[crate::quantity::Dimension] = &[crate::quantity::Dimension::NONE];
