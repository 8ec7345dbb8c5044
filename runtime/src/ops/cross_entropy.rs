//! `cross_entropy`: Σ −log softmax(logits)[label] / divisor over labels other than −100, and each row's log-sum-exp.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "cross_entropy", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let (loss, lse) = (cx.output(0)?, cx.output(1)?);
    cx.done(shim::cross_entropy(loss, lse, cx.input(0)?, cx.input(1)?, cx.input(2)?))
}
