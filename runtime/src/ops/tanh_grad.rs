//! `tanh_grad`: the gradient of `tanh`, from dy and y.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "tanh_grad", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::tanh_grad(cx.output(0)?, cx.input(0)?, cx.input(1)?))
}
