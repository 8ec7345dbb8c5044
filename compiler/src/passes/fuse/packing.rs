//! `concat, sum_leading_accumulate` → `concat_sum_accumulate`.

use super::{Rewrite, Uses};
use crate::ops::concat_sum::ConcatSumAccumulate;

pub(super) fn concat_and_sum(uses: &Uses, index: usize) -> Option<Rewrite> {
    let sum = uses.is(index, "sum_leading_accumulate")?;
    let (at, concat) = uses.made_by(sum.inputs[1], "concat")?;
    Some(Rewrite {
        at,
        op: &ConcatSumAccumulate,
        attrs: concat.attrs.clone(),
        inputs: [sum.inputs[0]].into_iter().chain(concat.inputs.iter().copied()).collect(),
        outputs: concat.outputs.clone(),
        group: vec![at, index],
    })
}
