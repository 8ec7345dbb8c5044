//! `multiply`: a·b, element by element.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "multiply", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    cx.done(shim::multiply(cx.output(0)?, cx.input(0)?, cx.input(1)?))
}
