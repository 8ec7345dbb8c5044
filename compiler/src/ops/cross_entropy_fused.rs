//! Cross-entropy with its gradient in one kernel: the logits become their own gradient, so neither f32 logits nor a second
//! tensor of their size ever exist.

use super::cross_entropy::CrossEntropy;
use super::{Call, Operation, scratch};
use crate::graph::Traits;
use regimen_base::tensor::{Placement, TensorType};

/// Operands (logits, labels, divisor); results (loss `[]`, dlogits for a loss of weight one). Labels of −100 do not count.
#[derive(Debug)]
pub struct CrossEntropyFused;

impl Operation for CrossEntropyFused {
    fn name(&self) -> &'static str {
        "cross_entropy_fused"
    }

    fn workspace(&self, call: &Call, device: &Traits) -> u64 {
        scratch::row_losses(call.inputs[0], call.inputs[1].elements(), device)
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        let loss = CrossEntropy.infer(call)?;
        Ok(vec![loss[0].clone(), call.input(0)?.clone()])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        let placed = CrossEntropy.shard(call, inputs)?;
        Ok(vec![placed[0], inputs[0]])
    }

    fn may_overwrite(&self) -> &'static [(usize, usize)] {
        &[(1, 0)]
    }
}
