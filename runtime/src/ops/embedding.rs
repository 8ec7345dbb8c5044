//! `embedding`: rows of a weight by id.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "embedding", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::embedding(cx.output(0)?, cx.input(0)?, cx.input(1)?))
}
