//! `init_normal`: fills a resident tensor with normal numbers, each determined by its index.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "init_normal", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let (mean, std) = (cx.float("mean")?, cx.float("std")?);
    let (key, site) = (cx.int("key")?, cx.int("site")?);
    cx.done(shim::init_normal(cx.input(0)?, mean, std, key, site))
}
