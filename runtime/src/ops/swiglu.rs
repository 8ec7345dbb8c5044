//! `swiglu`: silu(gate)·up.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "swiglu", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::swiglu(cx.output(0)?, cx.input(0)?, cx.input(1)?))
}
