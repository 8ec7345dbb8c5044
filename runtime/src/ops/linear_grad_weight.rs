//! `linear_grad_weight`: the gradient of `linear` with respect to the weight, from dy and x.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "linear_grad_weight", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let (dy, x) = (cx.input(0)?, cx.input(1)?);
    cx.done(shim::linear_grad_weight(cx.output(0)?, dy, x, cx.flag("transposed")?, false))
}
