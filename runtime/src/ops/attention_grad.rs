//! `attention_grad`: gradients of `attention` with respect to q, k and v, from do, q, k, v, o, lse and perhaps segments.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "attention_grad", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let (causal, scale) = (cx.flag("causal")?, cx.float("scale")?);
    let (dq, dk, dv) = (cx.output(0)?, cx.output(1)?, cx.output(2)?);
    let (d_o, q, k, v) = (cx.input(0)?, cx.input(1)?, cx.input(2)?, cx.input(3)?);
    let (o, lse, segments) = (cx.input(4)?, cx.input(5)?, cx.optional_input(6)?);
    cx.done(shim::attention_grad(dq, dk, dv, d_o, q, k, v, o, lse, segments, causal, scale))
}
