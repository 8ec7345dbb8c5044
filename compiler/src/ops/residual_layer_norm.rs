//! A residual addition with the layer norm that follows it, and the layer norm's gradient with everything that
//! becomes of it: one pass over the rows each.

use super::{Call, Operation, flag, last, replicated_only, require, scratch, with_last};
use crate::graph::Traits;
use regimen_base::program::Attrs;
use regimen_base::tensor::{DType, Placement, TensorType};

/// Operands (a, b, gain) or with bias; results (a + b, its layer norm, mean, rstd).
#[derive(Debug)]
pub struct ResidualLayerNorm;

/// Operands (gain's accumulator, bias's accumulator if `bias`, an accumulator of dx's column sums if `sum`, dy, x, mean, rstd, gain,
/// the residual's gradient if `residual`); result dx, the residual's gradient added. Gradients of gain and bias and the sums of
/// dx's columns, which are the gradient of a bias before it, are added to the accumulators.
#[derive(Debug)]
pub struct ResidualLayerNormGradAccumulate;

/// Number of the gradient's accumulators.
fn accumulators(attrs: &Attrs) -> usize {
    1 + usize::from(flag(attrs, "bias")) + usize::from(flag(attrs, "sum"))
}

fn statistics(x: &TensorType) -> TensorType {
    TensorType::new(DType::F32, with_last(x, 1).shape)
}

impl Operation for ResidualLayerNorm {
    fn name(&self) -> &'static str {
        "residual_layer_norm"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(3..=4)?;
        let (a, b) = (call.input(0)?, call.input(1)?);
        require(a == b && a.dtype != DType::F64, || format!("cannot add {b} to {a}"))?;
        for parameter in &call.inputs[2..] {
            require(parameter.shape[..] == [last(a)] && parameter.dtype == a.dtype, || {
                format!("{parameter} does not fit {a}")
            })?;
        }
        Ok(vec![a.clone(), a.clone(), statistics(a), statistics(a)])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        let rows = call.input(0)?.rank() as u32 - 1;
        match (inputs[0], inputs[1]) {
            (Placement::Shard(d), Placement::Shard(e))
                if d == e && d < rows && inputs[2..].iter().all(|p| *p == Placement::Replicate) =>
            {
                Ok(vec![inputs[0]; 4])
            }
            _ => replicated_only(call, inputs, 4),
        }
    }

    fn may_overwrite(&self) -> &'static [(usize, usize)] {
        &[(0, 0)]
    }
}

impl Operation for ResidualLayerNormGradAccumulate {
    fn name(&self) -> &'static str {
        "residual_layer_norm_grad_accumulate"
    }

    fn workspace(&self, call: &Call, device: &Traits) -> u64 {
        let first = accumulators(call.attrs);
        let x = &call.inputs[first + 1];
        first as u64 * scratch::norm_sums(x, last(x), device)
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        let accumulators = accumulators(call.attrs);
        let count = accumulators + 5 + usize::from(call.flag("residual"));
        call.operands(count..=count)?;
        let (dy, x) = (call.input(accumulators)?, call.input(accumulators + 1)?);
        require(dy == x && x.dtype != DType::F64, || format!("{dy} is no gradient of {x}"))?;
        for accumulator in &call.inputs[..accumulators] {
            require(accumulator.shape[..] == [last(x)] && accumulator.dtype == DType::F32, || {
                format!("{accumulator} does not take gradients of rows of {x}")
            })?;
        }
        for residual in &call.inputs[accumulators + 5..] {
            require(*residual == x, || format!("cannot add {residual} to a gradient of {x}"))?;
        }
        Ok(vec![x.clone()])
    }

    fn bytes(&self, call: &Call) -> u64 {
        let size = |t: &&TensorType| t.elements() * t.dtype.size();
        call.inputs.iter().chain(&call.outputs).map(size).sum()
    }

    fn writes(&self, _inputs: usize, attrs: &Attrs) -> Vec<usize> {
        (0..accumulators(attrs)).collect()
    }
}
