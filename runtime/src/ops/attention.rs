//! `attention`: fused attention over [B, T, H, D], within segments if there are some, and the log-sum-exp of its scores.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "attention", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let (causal, scale) = (cx.flag("causal")?, cx.float("scale")?);
    let (o, lse, segments) = (cx.output(0)?, cx.output(1)?, cx.optional_input(3)?);
    cx.done(shim::attention(o, lse, cx.input(0)?, cx.input(1)?, cx.input(2)?, segments, causal, scale))
}
