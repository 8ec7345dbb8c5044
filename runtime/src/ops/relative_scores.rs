//! `relative_scores`: scores of contents and of relative positions, from content, c2p, p2c and rows.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "relative_scores", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::relative_scores(cx.output(0)?, cx.input(0)?, cx.input(1)?, cx.input(2)?, cx.input(3)?))
}
