//! `hardware name : entry { … }` (or `cluster`): a device of the catalogue and what differs here.

use crate::quantity::Dimension;
use crate::schema::{Field, Kind, Number, Ty, Type, Types};

/// The kind.
pub static KIND: Kind = Kind {
    name: "hardware",
    alias: Some("cluster"),
    doc: "What a stage runs on. The type is an entry of the hardware catalogue (`cpu`, `h100_sxm`, …) or of your own file.",
    types: Types::Hardware,
    members: &[],
};

const NONE: &[Dimension] = &[Dimension::NONE];
const PRICE: &[Dimension] = &[
    Dimension::DOLLARS.per(Dimension::SECONDS),
    Dimension::DOLLARS.per(Dimension::GPUS).per(Dimension::SECONDS),
    Dimension::DOLLARS.per(Dimension::NODES).per(Dimension::SECONDS),
];

const FILE: Field = Field::optional(
    "file",
    Ty::Path,
    "A hardware file (TOML) with entries of your own, in the form of the catalogue.",
);
const NODES: Field =
    Field::with("nodes", Ty::Number(Number::count(&[Dimension::NODES], 1)), "1", "Machines.");
const MEMORY: Field = Field::optional(
    "memory",
    Ty::Number(Number::of(&[Dimension::BYTES, Dimension::BYTES.per(Dimension::GPUS)])),
    "Memory of one device, if not the catalogue's.",
);
const MONEY: Field = Field::optional(
    "price",
    Ty::Number(Number::of(PRICE)),
    "`$2.49/gpu/h`, `$32/node/h`, or `$0.40/h` for all of it.",
);

/// A machine without accelerators.
pub static CPU: Type = Type {
    name: "cpu",
    doc: "A machine without accelerators.",
    fields: &[
        Field::with(
            "threads",
            Ty::Number(Number::count(NONE, 1).up_to(crate::schema::Bound::At(1024))),
            "2",
            "Threads of the numerical library; part of the profile, because sums depend on it.",
        ),
        MEMORY,
        NODES,
        MONEY,
        FILE,
    ],
};

/// Machines with accelerators.
pub static GPU: Type = Type {
    name: "gpu",
    doc: "Machines with accelerators: every other entry of the catalogue.",
    fields: &[
        NODES,
        Field::with(
            "gpus",
            Ty::Number(Number::count(&[Dimension::GPUS], 1)),
            "1",
            "Devices of each machine.",
        ),
        MEMORY,
        MONEY,
        FILE,
    ],
};
