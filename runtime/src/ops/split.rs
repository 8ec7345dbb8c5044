//! `split`: views of consecutive parts along `dim`.

use super::{Call, Lower};
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "split", lower, views: true };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let (dim, sizes) = (cx.int("dim")?, cx.ints("sizes")?);
    let mut start = 0;
    for &length in sizes {
        let part = cx.view(cx.input(0)?.f_narrow(dim, start, length))?;
        cx.push(part);
        start += length;
    }
    Ok(())
}
