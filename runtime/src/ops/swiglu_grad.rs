//! `swiglu_grad`: gradients of gate and up, from dy, gate and up.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "swiglu_grad", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let (dgate, dup) = (cx.output(0)?, cx.output(1)?);
    cx.done(shim::swiglu_grad(dgate, dup, cx.input(0)?, cx.input(1)?, cx.input(2)?))
}
