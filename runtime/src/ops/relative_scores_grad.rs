//! `relative_scores_grad`: the gradients of c2p and p2c in `relative_scores`, from dy and rows.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "relative_scores_grad", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::relative_scores_grad(cx.output(0)?, cx.output(1)?, cx.input(0)?, cx.input(1)?))
}
