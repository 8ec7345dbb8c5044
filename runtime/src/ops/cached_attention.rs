//! `cached_attention`: attention of new tokens over a cache.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "cached_attention", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let (q, keys, values, positions) = (cx.input(0)?, cx.input(1)?, cx.input(2)?, cx.input(3)?);
    cx.done(shim::cached_attention(cx.output(0)?, q, keys, values, positions, cx.float("scale")?))
}
