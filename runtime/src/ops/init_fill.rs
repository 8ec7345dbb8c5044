//! `init_fill`: sets a resident tensor to one value.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "init_fill", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::fill(cx.input(0)?, cx.float("value")?))
}
