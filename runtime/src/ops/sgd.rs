//! `sgd`: torch.optim.SGD over a list of parameters, in one pass each.
//!
//! Operands: lr, norm, then n parameters, n gradients, if `momentum` is not zero n momentum buffers, and with `copies` n
//! bf16 weights that receive the updated f32 masters.

use super::{Call, Lower};
use crate::shim::{self, Sgd};
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "sgd", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let n = cx.count("n")?;
    let settings = Sgd {
        momentum: cx.float("momentum")?,
        weight_decay: cx.float("weight_decay")?,
        clip: cx.float("clip")?,
    };
    let buffers = if settings.momentum == 0.0 { 0 } else { n };
    let copies = if cx.flag("copies")? { n } else { 0 };
    let groups = [
        cx.group(2, n)?,
        cx.group(2 + n, n)?,
        cx.group(2 + 2 * n, buffers)?,
        cx.group(2 + 2 * n + buffers, copies)?,
    ];
    cx.done(shim::sgd(cx.input(0)?, cx.input(1)?, &groups, settings))
}
