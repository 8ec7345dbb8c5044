//! `linear_grad_weight_accumulate`: adds the gradient of `linear` to an accumulator, without a temporary.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "linear_grad_weight_accumulate", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let (acc, dy, x) = (cx.input(0)?, cx.input(1)?, cx.input(2)?);
    cx.done(shim::linear_grad_weight(acc, dy, x, cx.flag("transposed")?, true))
}
