//! `batch_matmul`: alpha·a·b for every index of the leading dimensions; `ta`, `tb`: stored transposed.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "batch_matmul", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let (ta, tb, alpha) = (cx.flag("ta")?, cx.flag("tb")?, cx.float("alpha")?);
    cx.done(shim::batch_matmul(cx.output(0)?, cx.input(0)?, cx.input(1)?, ta, tb, alpha))
}
