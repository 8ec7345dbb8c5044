//! `transpose`: a view with two dimensions exchanged.

use super::{Call, Lower};
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "transpose", lower, views: true };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let view = cx.view(cx.input(0)?.f_transpose(cx.int("d0")?, cx.int("d1")?))?;
    cx.push(view);
    Ok(())
}
