//! `global_norm`: √Σ‖g‖² of all operands, summed in f64 in a fixed order.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "global_norm", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let gradients = cx.group(0, cx.inputs())?;
    cx.done(shim::global_norm(cx.output(0)?, &gradients))
}
