//! `select_row`: one position of each sample.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "select_row", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::select_row(cx.output(0)?, cx.input(0)?, cx.input(1)?))
}
