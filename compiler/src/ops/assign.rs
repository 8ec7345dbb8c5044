//! Copies a value into a resident tensor, converting the element type: a weight from its f32 master.

use super::{Call, Operation, elementwise, require};
use regimen_base::program::Attrs;
use regimen_base::tensor::{Placement, TensorType};

/// `target = x`
#[derive(Debug)]
pub struct Assign;

impl Operation for Assign {
    fn name(&self) -> &'static str {
        "assign"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=2)?;
        let (target, x) = (call.input(0)?, call.input(1)?);
        require(target.shape == x.shape, || format!("cannot copy {x} into {target}"))?;
        Ok(vec![])
    }

    fn shard(&self, _call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        elementwise(inputs, true, 0)
    }

    fn writes(&self, _inputs: usize, _attrs: &Attrs) -> Vec<usize> {
        vec![0]
    }
}
