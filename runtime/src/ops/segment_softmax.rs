//! `segment_softmax`: softmax of scale·x over the last dimension, where each row sees the columns of its own segment.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "segment_softmax", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let (causal, scale) = (cx.flag("causal")?, cx.float("scale")?);
    cx.done(shim::segment_softmax(cx.output(0)?, cx.input(0)?, cx.input(1)?, causal, scale))
}
