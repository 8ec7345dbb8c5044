//! `accumulate`: acc += x, in f32 also for a bf16 x.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "accumulate", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::accumulate(cx.input(0)?, cx.input(1)?))
}
