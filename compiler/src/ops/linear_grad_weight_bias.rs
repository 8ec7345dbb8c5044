//! The gradients of a weight and its bias in one reading of `dy`, added to their accumulators.

use super::linear::LinearGradWeightAccumulate;
use super::{Call, Operation, last, replicated_only, require, scratch};
use crate::graph::Traits;
use regimen_base::program::{Attrs, few};
use regimen_base::tensor::{Placement, TensorType};

/// Operands (weight's accumulator, bias's accumulator, dy, x): `w += dyᵀ · x`, `b += Σ dy` over the rows.
#[derive(Debug)]
pub struct LinearGradWeightBiasAccumulate;

fn product<'a>(call: &Call<'a>) -> Result<Call<'a>, String> {
    let inputs = few![call.input(0)?, call.input(2)?, call.input(3)?];
    Ok(Call { attrs: call.attrs, inputs, outputs: few![] })
}

impl Operation for LinearGradWeightBiasAccumulate {
    fn name(&self) -> &'static str {
        "linear_grad_weight_bias_accumulate"
    }

    fn workspace(&self, call: &Call, device: &Traits) -> u64 {
        scratch::column_sums(call.inputs[2], last(call.inputs[2]), device)
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(4..=4)?;
        let (bias, dy) = (call.input(1)?, call.input(2)?);
        require(bias.shape[..] == [last(dy)] && bias.dtype == call.input(0)?.dtype, || {
            format!("{bias} does not take column sums of {dy}")
        })?;
        LinearGradWeightAccumulate.infer(&product(call)?)
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        replicated_only(call, inputs, 0)
    }

    fn flops(&self, call: &Call) -> u64 {
        product(call).map_or(0, |product| LinearGradWeightAccumulate.flops(&product))
    }

    fn writes(&self, _inputs: usize, _attrs: &Attrs) -> Vec<usize> {
        vec![0, 1]
    }
}
