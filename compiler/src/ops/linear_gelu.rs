//! A product with bias and the GELU after it, and the gradient through both: the GELU is computed where the product's
//! result is still at hand.

use super::linear::Linear;
use super::{Call, Operation, require};
use regimen_base::tensor::{Placement, TensorType};

/// Operands (x, w, b); results (x·wᵀ + b, its GELU).
#[derive(Debug)]
pub struct LinearGelu;

/// Operands (dy, w, pre); result `(dy · w) · gelu'(pre)`, the gradient before the GELU.
#[derive(Debug)]
pub struct LinearGeluGrad;

impl Operation for LinearGelu {
    fn name(&self) -> &'static str {
        "linear_gelu"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(3..=3)?;
        let pre = Linear.infer(call)?;
        Ok([pre.clone(), pre].concat())
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        let placed = Linear.shard(call, inputs)?;
        require(placed[0] != Placement::Partial, || {
            "a GELU of partial sums is not the GELU of their sum".into()
        })?;
        Ok([placed.clone(), placed].concat())
    }

    fn flops(&self, call: &Call) -> u64 {
        Linear.flops(call)
    }
}

impl Operation for LinearGeluGrad {
    fn name(&self) -> &'static str {
        "linear_gelu_grad"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(3..=3)?;
        let product = Call { inputs: call.inputs[..2].into(), ..call.clone() };
        let dx = Linear.infer(&product)?;
        require(&dx[0] == call.input(2)?, || format!("{} is no gradient of {}", dx[0], call.inputs[2]))?;
        Ok(dx)
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        let product = Call { inputs: call.inputs[..2].into(), ..call.clone() };
        let placed = Linear.shard(&product, &inputs[..2])?;
        require(placed[0] == inputs[2], || format!("a gradient placed {:?} for {:?}", placed[0], inputs[2]))?;
        Ok(placed)
    }

    fn flops(&self, call: &Call) -> u64 {
        Linear.flops(call)
    }
}
