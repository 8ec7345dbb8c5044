//! `linear`: x·wᵀ + b, or x·w + b if the weight is stored transposed.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "linear", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let (x, w, bias) = (cx.input(0)?, cx.input(1)?, cx.optional_input(2)?);
    cx.done(shim::linear(cx.output(0)?, x, w, bias, cx.flag("transposed")?))
}
