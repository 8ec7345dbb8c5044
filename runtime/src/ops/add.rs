//! `add`: a + b, where b has the shape of a or of its last dimensions.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "add", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::add(cx.output(0)?, cx.input(0)?, cx.input(1)?))
}
