//! `embedding_grad_accumulate`: adds the gradient of `embedding` to an accumulator.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "embedding_grad_accumulate", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::embedding_grad_accumulate(cx.input(0)?, cx.input(1)?, cx.input(2)?))
}
