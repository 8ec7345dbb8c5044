//! `softmax`: softmax of scale·x over the last dimension, with or without a causal mask.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "softmax", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let (causal, scale) = (cx.flag("causal")?, cx.float("scale")?);
    cx.done(shim::softmax(cx.output(0)?, cx.input(0)?, causal, scale))
}
