//! `repeat_heads`: every head several times.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "repeat_heads", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::repeat_heads(cx.output(0)?, cx.input(0)?, cx.int("times")?))
}
