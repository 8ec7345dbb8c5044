//! `replace_tokens`: tokens drawn from logits in place of hidden ones, and which of them are not the original.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "replace_tokens", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let (key, site) = (cx.int("key")?, cx.int("site")?);
    let (logits, tokens, labels) = (cx.input(0)?, cx.input(1)?, cx.input(2)?);
    let (samples, step) = (cx.input(3)?, cx.input(4)?);
    let (replaced, targets) = (cx.output(0)?, cx.output(1)?);
    cx.done(shim::replace_tokens(replaced, targets, logits, tokens, labels, samples, step, key, site))
}
