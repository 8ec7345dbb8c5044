//! `gelu_erf`: GELU by the error function.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "gelu_erf", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::gelu_erf(cx.output(0)?, cx.input(0)?))
}
