//! Fused attention of cuDNN or flash, as libtorch calls them. The library makes the results itself.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const ALL: &[Lower] = &[
    Lower { name: "attention", lower: attention, views: true },
    Lower { name: "attention_grad", lower: attention_grad, views: true },
];

fn attention(cx: &mut Call) -> Result<(), Diagnostic> {
    let (flash, causal, scale) = (cx.text("backend")? == "flash", cx.flag("causal")?, cx.float("scale")?);
    let (q, k, v) = (cx.input(0)?, cx.input(1)?, cx.input(2)?);
    let [o, lse] = cx.done(shim::cuda_attention([q, k, v], flash, causal, scale))?;
    cx.push(o);
    cx.push(lse);
    Ok(())
}

fn attention_grad(cx: &mut Call) -> Result<(), Diagnostic> {
    let (flash, causal, scale) = (cx.text("backend")? == "flash", cx.flag("causal")?, cx.float("scale")?);
    let operands = [cx.input(0)?, cx.input(1)?, cx.input(2)?, cx.input(3)?, cx.input(4)?, cx.input(5)?];
    let made = cx.done(shim::cuda_attention_grad(operands, flash, causal, scale))?;
    made.into_iter().for_each(|gradient| cx.push(gradient));
    Ok(())
}
