//! What becomes of hidden tokens is at most 100 % together.

use super::StageView;
use crate::codes;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(stage: &StageView<'_>) -> Option<Diagnostic> {
    let block = stage.block("masking")?;
    let (masked, random) = (block.quantity("masked").ok()?, block.quantity("random").ok()?);
    let sum = &masked.value + &random.value;
    let too_much = sum > num_rational::BigRational::from_integer(1.into());
    let at = if block.is_set("random") { "random" } else { "masked" };
    too_much.then(|| codes::e0434::shares(masked.f64(), random.f64(), block.span_of(at)))
}
