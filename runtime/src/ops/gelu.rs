//! `gelu`: GELU with the tanh approximation.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "gelu", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::gelu(cx.output(0)?, cx.input(0)?))
}
