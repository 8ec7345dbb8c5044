//! `assign`: a resident takes over another's numbers, converted to its element type.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "assign", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::copy(cx.input(0)?, cx.input(1)?))
}
