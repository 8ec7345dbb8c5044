//! `linear_grad_weight_accumulate, sum_leading_accumulate` of the same gradient → `linear_grad_weight_bias_accumulate`.

use super::{Rewrite, Uses};
use crate::ops::linear_grad_weight_bias::LinearGradWeightBiasAccumulate;
use regimen_base::program::few;

pub(super) fn with_weight(uses: &Uses, index: usize) -> Option<Rewrite> {
    let sum = uses.is(index, "sum_leading_accumulate")?;
    let at = (0..index).rev().take(4).find(|i| {
        uses.is(*i, "linear_grad_weight_accumulate").is_some_and(|node| node.inputs[1] == sum.inputs[1])
    })?;
    let product = uses.node(at);
    Some(Rewrite {
        at,
        op: &LinearGradWeightBiasAccumulate,
        attrs: product.attrs.clone(),
        inputs: few![product.inputs[0], sum.inputs[0], product.inputs[1], product.inputs[2]],
        outputs: few![],
        group: vec![at, index],
    })
}
