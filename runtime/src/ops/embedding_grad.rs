//! `embedding_grad`: the gradient of `embedding` with respect to the weight, from dy and ids.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "embedding_grad", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let dweight = cx.output(0)?;
    cx.done(shim::fill(dweight, 0.0))?;
    cx.done(shim::embedding_grad_accumulate(dweight, cx.input(0)?, cx.input(1)?))
}
