//! `tanh`: the hyperbolic tangent.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "tanh", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::tanh(cx.output(0)?, cx.input(0)?))
}
