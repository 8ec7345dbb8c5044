//! `cross_entropy_grad`: dloss/divisor·(softmax − onehot), from dloss, logits, labels, divisor and lse.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "cross_entropy_grad", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let (dloss, logits, labels) = (cx.input(0)?, cx.input(1)?, cx.input(2)?);
    let (divisor, lse) = (cx.input(3)?, cx.input(4)?);
    cx.done(shim::cross_entropy_grad(cx.output(0)?, dloss, logits, labels, divisor, lse))
}
