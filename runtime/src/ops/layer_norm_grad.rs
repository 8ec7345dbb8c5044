//! `layer_norm_grad`: gradients of `layer_norm`, from dy, x, mean, rstd, gain and, if it has one, bias.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "layer_norm_grad", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let (dx, dgain, dbias) = (cx.output(0)?, cx.output(1)?, cx.optional_output(2));
    let (dy, x, mean, rstd) = (cx.input(0)?, cx.input(1)?, cx.input(2)?, cx.input(3)?);
    cx.done(shim::layer_norm_grad(dx, dgain, dbias, dy, x, mean, rstd, cx.input(4)?, cx.marked("rms")))
}
