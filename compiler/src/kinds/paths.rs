//! Kinds whose entries are paths of fields elsewhere: `variant` and `sweep`.

use crate::schema::{Kind, Types};

/// `variant big { gpt2.layers = 24 }`
pub static VARIANT: Kind = Kind {
    name: "variant",
    alias: None,
    doc: "Changes that `--variant name` switches on. Each entry is a path and its new value.",
    types: Types::Paths,
    members: &[],
};

/// `sweep lr { pretrain.optimizer.lr = [3e-4, 6e-4] }`
pub static SWEEP: Kind = Kind {
    name: "sweep",
    alias: None,
    doc: "Several experiments in one: each entry is a path and a list of values. Several entries make all \
          combinations (`mode = product`, the default) or go side by side (`mode = zip`).",
    types: Types::Paths,
    members: &[],
};
