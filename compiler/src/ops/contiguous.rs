//! Copies a strided view into contiguous memory.

use super::{Backward, Call, Operation, elementwise};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::tensor::{Placement, TensorType};

/// See the [module](self).
#[derive(Debug)]
pub struct Contiguous;

/// Appends a contiguous copy of `x`.
///
/// # Errors
/// Never.
pub fn contiguous(graph: &mut Graph, name: &str, x: Value) -> Result<Value, ShapeError> {
    graph.apply1(&Contiguous, name, attrs([]), &[x])
}

impl Operation for Contiguous {
    fn name(&self) -> &'static str {
        "contiguous"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(1..=1)?;
        let x = call.input(0)?;
        Ok(vec![TensorType::new(x.dtype, &x.shape)])
    }

    fn shard(&self, _call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        elementwise(inputs, true, 1)
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        Ok(vec![Some(cx.dy()?)])
    }
}
