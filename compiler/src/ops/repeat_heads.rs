//! Grouped-query attention (Ainslie et al., arXiv 2305.13245): a key and value head serves several query heads that follow one another.

use super::{Backward, Call, Operation, replicated_only, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::program::Attr;
use regimen_base::tensor::{Placement, TensorType};

/// `[B, T, G, D]` to `[B, T, G·times, D]`: head h is head ⌊h / times⌋ of the operand.
#[derive(Debug)]
pub struct RepeatHeads;

/// `[B, T, G·times, D]` to `[B, T, G, D]`: sums over the heads of each group.
#[derive(Debug)]
pub struct SumHeads;

/// Appends the heads of `x`, each `times` times; `x` itself if that is once.
///
/// # Errors
/// If `x` is not `[B, T, G, D]`.
pub fn repeat_heads(graph: &mut Graph, name: &str, x: Value, times: u64) -> Result<Value, ShapeError> {
    if times == 1 {
        return Ok(x);
    }
    graph.apply1(&RepeatHeads, name, attrs([("times", Attr::Int(times as i64))]), &[x])
}

/// `times`, at least once.
fn times(call: &Call) -> u64 {
    call.int("times", 1).max(1) as u64
}

fn with_heads(x: &TensorType, heads: u64) -> TensorType {
    let mut shape = x.shape.clone();
    shape[2] = heads;
    TensorType::new(x.dtype, shape)
}

/// Samples and positions are independent, and so are groups of heads.
fn independent(call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
    match inputs[0] {
        Placement::Shard(0..=2) => Ok(vec![inputs[0]]),
        _ => replicated_only(call, inputs, 1),
    }
}

impl Operation for RepeatHeads {
    fn name(&self) -> &'static str {
        "repeat_heads"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(1..=1)?;
        let x = call.input(0)?;
        require(x.rank() == 4 && x.dtype.is_float(), || format!("needs [B, T, G, D], got {x}"))?;
        let heads = x.shape[2].checked_mul(times(call)).ok_or("too many heads")?;
        Ok(vec![with_heads(x, heads)])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        independent(call, inputs)
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let (dy, attrs) = (cx.dy()?, cx.node.attrs.clone());
        Ok(vec![Some(cx.apply1(&SumHeads, attrs, &[dy], 0)?)])
    }
}

impl Operation for SumHeads {
    fn name(&self) -> &'static str {
        "sum_heads"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(1..=1)?;
        let x = call.input(0)?;
        let fits = x.rank() == 4 && x.dtype.is_float() && x.shape[2].is_multiple_of(times(call));
        require(fits, || format!("needs [B, T, H, D] with heads in groups of {}, got {x}", times(call)))?;
        Ok(vec![with_heads(x, x.shape[2] / times(call))])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        independent(call, inputs)
    }
}
