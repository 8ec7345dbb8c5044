//! `sum_heads`: the sums over groups of heads.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "sum_heads", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::sum_heads(cx.output(0)?, cx.input(0)?, cx.int("times")?))
}
