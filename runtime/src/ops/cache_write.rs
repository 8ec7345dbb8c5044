//! `cache_write`: keys or values of new tokens at their positions in a cache.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "cache_write", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::cache_write(cx.input(0)?, cx.input(1)?, cx.input(2)?))
}
