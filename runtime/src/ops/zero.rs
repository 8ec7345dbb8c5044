//! `zero`: sets resident tensors to zero.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "zero", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    for i in 0..cx.inputs() {
        cx.done(shim::fill(cx.input(i)?, 0.0))?;
    }
    Ok(())
}
