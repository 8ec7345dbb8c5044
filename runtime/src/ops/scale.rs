//! `scale`: x times a number.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "scale", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::scale(cx.output(0)?, cx.input(0)?, cx.float("factor")?))
}
