//! Shares of a mix or a split are 100 % together.

use crate::codes;
use crate::eval::{Evaluator, Fields};
use crate::program::ObjectId;
use crate::quantity::{Dimension, Quantity};
use num_rational::BigRational;
use num_traits::{One, Zero};
use regimen_base::Diagnostic;

/// The rule, for one field of a dataset.
pub fn check(eval: &Evaluator<'_>, id: ObjectId, fields: &Fields, field: &str) -> Option<Diagnostic> {
    let shares = fields.shares(field).ok()??;
    // Epochs need no sum.
    if shares.iter().any(|(_, share)| share.dimension == Dimension::EPOCHS) {
        return None;
    }
    let sum = shares.iter().fold(BigRational::zero(), |sum, (_, share)| sum + &share.value);
    if sum.is_one() {
        return None;
    }
    let parts: Vec<_> = shares.iter().map(|(name, share)| (format!("{share}"), name.span)).collect();
    Some(match parts.as_slice() {
        [] => {
            let none = [("nothing".to_string(), fields.span_of(field))];
            codes::e0314::wrong_sum(field, &eval.object_name(id), &Quantity::plain(sum), &none)
        }
        parts => codes::e0314::wrong_sum(field, &eval.object_name(id), &Quantity::plain(sum), parts),
    })
}
