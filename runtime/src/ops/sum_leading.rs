//! `sum_leading`: the sum over all but the last `keep` dimensions.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "sum_leading", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::sum_leading(cx.output(0)?, cx.input(0)?, false))
}
