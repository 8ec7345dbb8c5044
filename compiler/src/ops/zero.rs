//! Sets resident tensors to zero: gradient accumulators after an update.

use super::{Call, Operation};
use regimen_base::program::Attrs;
use regimen_base::tensor::{Placement, TensorType};

/// Every operand becomes zero.
#[derive(Debug)]
pub struct Zero;

impl Operation for Zero {
    fn name(&self) -> &'static str {
        "zero"
    }

    fn infer(&self, _call: &Call) -> Result<Vec<TensorType>, String> {
        Ok(vec![])
    }

    fn shard(&self, _call: &Call, _inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        Ok(vec![])
    }

    fn bytes(&self, call: &Call) -> u64 {
        call.inputs.iter().map(|t| t.elements() * t.dtype.size()).sum()
    }

    fn writes(&self, inputs: usize, _attrs: &Attrs) -> Vec<usize> {
        (0..inputs).collect()
    }
}
