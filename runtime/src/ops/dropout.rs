//! `dropout`: zeroes elements at random and scales the others; its gradient is the same operation.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "dropout", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let (rate, key, site) = (cx.float("rate")?, cx.int("key")?, cx.int("site")?);
    let (x, samples, step) = (cx.input(0)?, cx.input(1)?, cx.input(2)?);
    cx.done(shim::dropout(cx.output(0)?, x, samples, step, rate, key, site))
}
