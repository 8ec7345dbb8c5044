//! Sums over all dimensions but the last few: gradients of biases and of broadcast operands.

use super::{Call, Operation, require, scratch};
use crate::graph::{Graph, ShapeError, Traits, Value, attrs};
use regimen_base::program::{Attr, Attrs};
use regimen_base::tensor::{Placement, TensorType};

/// `y[tail] = Σ x[…, tail]`, `keep` dimensions remain.
#[derive(Debug)]
pub struct SumLeading;

/// `acc += Σ x`.
#[derive(Debug)]
pub struct SumLeadingAccumulate;

/// Appends the sum over all dimensions but the last `keep`.
///
/// # Errors
/// If `x` has fewer dimensions.
pub fn sum_leading(graph: &mut Graph, name: &str, x: Value, keep: usize) -> Result<Value, ShapeError> {
    graph.apply1(&SumLeading, name, attrs([("keep", Attr::Int(keep as i64))]), &[x])
}

fn summed(call: &Call, x: usize) -> Result<TensorType, String> {
    let x = call.input(x)?;
    let keep = usize::try_from(call.int("keep", 1)).map_err(|_| "`keep` is negative".to_string())?;
    require(keep <= x.rank(), || format!("cannot keep {keep} dimensions of {x}"))?;
    Ok(TensorType::new(x.dtype, &x.shape[x.rank() - keep..]))
}

fn placement(call: &Call, x: usize, placed: Placement) -> Result<Placement, String> {
    let rank = call.input(x)?.rank();
    let gone = rank.saturating_sub(call.int("keep", 1) as usize) as u32;
    Ok(match placed {
        Placement::Shard(d) if d < gone => Placement::Partial,
        Placement::Shard(d) => Placement::Shard(d - gone),
        other => other,
    })
}

impl Operation for SumLeading {
    fn name(&self) -> &'static str {
        "sum_leading"
    }

    fn workspace(&self, call: &Call, device: &Traits) -> u64 {
        scratch::column_sums(call.inputs[0], call.outputs[0].elements(), device)
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(1..=1)?;
        Ok(vec![summed(call, 0)?])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        Ok(vec![placement(call, 0, inputs[0])?])
    }

    fn accumulating(&self) -> Option<&'static dyn Operation> {
        Some(&SumLeadingAccumulate)
    }
}

impl Operation for SumLeadingAccumulate {
    fn name(&self) -> &'static str {
        "sum_leading_accumulate"
    }

    fn workspace(&self, call: &Call, device: &Traits) -> u64 {
        scratch::column_sums(call.inputs[1], call.inputs[0].elements(), device)
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=2)?;
        let (acc, sum) = (call.input(0)?, summed(call, 1)?);
        require(acc.shape == sum.shape, || format!("cannot add {sum} to {acc}"))?;
        Ok(vec![])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        let sum = placement(call, 1, inputs[1])?;
        require(inputs[0] == sum, || format!("the accumulator is {:?}, the sum {sum:?}", inputs[0]))?;
        Ok(vec![])
    }

    fn writes(&self, _inputs: usize, _attrs: &Attrs) -> Vec<usize> {
        vec![0]
    }
}
