//! `contiguous`: a copy of a view, in row-major order.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "contiguous", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::copy(cx.output(0)?, cx.input(0)?))
}
