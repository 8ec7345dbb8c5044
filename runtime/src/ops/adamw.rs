//! `adamw`: torch.optim.AdamW over a list of parameters, in one pass each.
//!
//! Operands: lr, step (counted from 0), norm, then n parameters, n gradients, n first and n second moments, and with
//! `copies` n bf16 weights that receive the updated f32 masters.

use super::{Call, Lower};
use crate::shim::{self, AdamW};
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "adamw", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let n = cx.count("n")?;
    let copies = if cx.flag("copies")? { n } else { 0 };
    let settings = AdamW {
        beta1: cx.float("beta1")?,
        beta2: cx.float("beta2")?,
        eps: cx.float("eps")?,
        weight_decay: cx.float("weight_decay")?,
        clip: cx.float("clip")?,
    };
    let groups = [
        cx.group(3, n)?,
        cx.group(3 + n, n)?,
        cx.group(3 + 2 * n, n)?,
        cx.group(3 + 3 * n, n)?,
        cx.group(3 + 4 * n, copies)?,
    ];
    cx.done(shim::adamw(cx.input(0)?, cx.input(1)?, cx.input(2)?, &groups, settings))
}
