//! `enter_parallel`: marks where ranks begin to compute different parts; forward it is a view.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "enter_parallel", lower, views: true };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let view = shim::alias(cx.input(0)?).map_err(|why| cx.failed(&why))?;
    cx.push(view);
    Ok(())
}
