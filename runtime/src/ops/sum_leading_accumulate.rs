//! `sum_leading_accumulate`: adds the sum over all but the last `keep` dimensions to an accumulator.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "sum_leading_accumulate", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::sum_leading(cx.input(0)?, cx.input(1)?, true))
}
