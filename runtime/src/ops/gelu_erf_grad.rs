//! `gelu_erf_grad`: the gradient of `gelu_erf`, from dy and x.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "gelu_erf_grad", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::gelu_erf_grad(cx.output(0)?, cx.input(0)?, cx.input(1)?))
}
