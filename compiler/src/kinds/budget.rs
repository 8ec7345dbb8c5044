//! `budget stage { memory <= 76 GiB }`: what a stage must respect.

use crate::quantity::Dimension;
use crate::schema::{Field, Kind, Number, Ty, Type, Types};

/// The kind.
pub static KIND: Kind = Kind {
    name: "budget",
    alias: None,
    doc: "Limits of the stage whose name it bears, checked when the stage is planned. Each is written with `<=`.",
    types: Types::One(&TYPE),
    members: &[],
};

const MEMORY: &[Dimension] = &[Dimension::BYTES, Dimension::BYTES.per(Dimension::GPUS)];

/// Its fields.
pub static TYPE: Type = Type {
    name: "budget",
    doc: "Fields of `budget`.",
    fields: &[
        Field::optional(
            "memory",
            Ty::Number(Number::of(MEMORY)),
            "Memory of one device at the worst instant: `76 GiB`, `76 GiB/gpu`.",
        ),
        Field::optional(
            "compute",
            Ty::Number(Number::of(&[Dimension::FLOP])),
            "Floating-point operations of the whole stage: `3e18 FLOP`.",
        ),
        Field::optional(
            "time",
            Ty::Number(Number::of(&[Dimension::SECONDS])),
            "Wall-clock time of the stage: `2 h`.",
        ),
        Field::optional(
            "cost",
            Ty::Number(Number::of(&[Dimension::DOLLARS])),
            "Price of the devices for that time: `$50`; the hardware needs a `price`.",
        ),
    ],
};
