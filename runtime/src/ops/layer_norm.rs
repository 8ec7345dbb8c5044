//! `layer_norm`: normalises the last dimension; also returns mean and 1/standard deviation.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "layer_norm", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let (y, mean, rstd) = (cx.output(0)?, cx.output(1)?, cx.output(2)?);
    let (x, gain, bias) = (cx.input(0)?, cx.input(1)?, cx.optional_input(2)?);
    cx.done(shim::layer_norm(y, mean, rstd, x, gain, bias, cx.float("eps")?, cx.marked("rms")))
}
