//! `concat`: operands one after another along `dim`.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "concat", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let (y, dim, axis) = (cx.output(0)?, cx.int("dim")?, cx.count("dim")?);
    let mut start = 0;
    for i in 0..cx.inputs() {
        let x = cx.input(i)?;
        let Some(&length) = x.size().get(axis) else { return Err(cx.malformed("has no such dimension")) };
        let part = cx.view(y.f_narrow(dim, start, length))?;
        cx.done(shim::copy(&part, x))?;
        start += length;
    }
    Ok(())
}
