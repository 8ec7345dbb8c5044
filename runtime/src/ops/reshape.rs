//! `reshape`: a view of the same elements in another shape. It never copies: a layout that would need it is an error.

use super::{Call, Lower};
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "reshape", lower, views: true };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let shape = cx.ints("shape")?;
    let view = cx.view(cx.input(0)?.f_view(shape))?;
    cx.push(view);
    Ok(())
}
