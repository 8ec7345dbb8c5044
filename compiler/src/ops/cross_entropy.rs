//! Cross-entropy of logits against labels, summed and divided by a divisor that the loader computed over the
//! whole global batch: so neither micro-batches nor ranks can change the loss.

use super::{Backward, Call, Operation, replicated_only, require, scratch};
use crate::graph::{Graph, ShapeError, Traits, Value, attrs};
use regimen_base::tensor::{DType, Placement, TensorType};

/// Operands (logits `[…, V]`, labels `[…]`, divisor `[]`); results (loss `[]`, log-sum-exp of each row).
/// Labels of −100 do not count.
#[derive(Debug)]
pub struct CrossEntropy;

/// Operands (dloss, logits, labels, divisor, lse); result dlogits.
#[derive(Debug)]
pub struct CrossEntropyGrad;

/// Appends the loss and returns it.
///
/// # Errors
/// If labels do not fit logits.
pub fn cross_entropy(
    graph: &mut Graph,
    name: &str,
    logits: Value,
    labels: Value,
    divisor: Value,
) -> Result<Value, ShapeError> {
    graph.apply1(&CrossEntropy, name, attrs([]), &[logits, labels, divisor])
}

/// Losses are at least f32.
fn loss_dtype(logits: &TensorType) -> DType {
    if logits.dtype == DType::F64 { DType::F64 } else { DType::F32 }
}

fn check(logits: &TensorType, labels: &TensorType) -> Result<(), String> {
    let fits =
        logits.shape[..logits.rank().saturating_sub(1)] == labels.shape[..] && labels.dtype == DType::I64;
    require(fits, || format!("labels {labels} do not fit logits {logits}"))
}

impl Operation for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross_entropy"
    }

    fn workspace(&self, call: &Call, device: &Traits) -> u64 {
        scratch::row_losses(call.inputs[0], call.inputs[1].elements(), device)
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(3..=3)?;
        let (logits, labels) = (call.input(0)?, call.input(1)?);
        check(logits, labels)?;
        let dtype = loss_dtype(logits);
        Ok(vec![TensorType::new(dtype, []), TensorType::new(dtype, [labels.elements()])])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        match (inputs[0], inputs[1], inputs[2]) {
            // Split samples give a partial loss, because the divisor is that of the global batch.
            (Placement::Shard(0), Placement::Shard(0), Placement::Replicate) => {
                Ok(vec![Placement::Partial, Placement::Shard(0)])
            }
            _ => replicated_only(call, inputs, 2),
        }
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let inputs = [cx.dy()?, cx.input(0), cx.input(1), cx.input(2), cx.output(1)];
        Ok(vec![Some(cx.apply1(&CrossEntropyGrad, attrs([]), &inputs, 0)?), None, None])
    }
}

impl Operation for CrossEntropyGrad {
    fn name(&self) -> &'static str {
        "cross_entropy_grad"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(5..=5)?;
        let (logits, labels) = (call.input(1)?, call.input(2)?);
        check(logits, labels)?;
        Ok(vec![TensorType::new(logits.dtype, &logits.shape)])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        match (inputs[1], inputs[2], inputs[4]) {
            (Placement::Shard(0), Placement::Shard(0), Placement::Shard(0)) => Ok(vec![Placement::Shard(0)]),
            _ => replicated_only(call, inputs, 1),
        }
    }

    fn may_overwrite(&self) -> &'static [(usize, usize)] {
        &[(0, 1)]
    }
}
