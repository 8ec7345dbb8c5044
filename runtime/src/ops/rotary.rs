//! `rotary`: heads turned by their positions, or back.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "rotary", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::rotary(cx.output(0)?, cx.input(0)?, cx.input(1)?, cx.marked("inverse")))
}
