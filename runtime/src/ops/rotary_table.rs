//! `rotary_table`: cosines and sines of the angles of all positions.

use super::{Call, Lower};
use crate::shim;
use regimen_base::Diagnostic;

pub(super) const OP: Lower = Lower { name: "rotary_table", lower, views: false };

fn lower(cx: &mut Call) -> Result<(), Diagnostic> {
    let (frequencies, factor) = (cx.floats("frequencies")?, cx.float("factor")?);
    cx.done(shim::rotary_table(cx.output(0)?, cx.optional_input(0)?, &frequencies, factor))
}
