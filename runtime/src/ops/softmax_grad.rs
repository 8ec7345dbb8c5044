//! `softmax_grad`: the gradient of `softmax`, from dp and p.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "softmax_grad", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::softmax_grad(cx.output(0)?, cx.input(0)?, cx.input(1)?, cx.float("scale")?))
}
