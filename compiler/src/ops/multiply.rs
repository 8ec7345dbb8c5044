//! `y = a · b`, element by element.

use super::{Backward, Call, Operation, elementwise, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::tensor::{Placement, TensorType};

/// See the [module](self).
#[derive(Debug)]
pub struct Multiply;

/// Appends `a · b`.
///
/// # Errors
/// If the types differ.
pub fn multiply(graph: &mut Graph, name: &str, a: Value, b: Value) -> Result<Value, ShapeError> {
    graph.apply1(&Multiply, name, attrs([]), &[a, b])
}

impl Operation for Multiply {
    fn name(&self) -> &'static str {
        "multiply"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=2)?;
        let (a, b) = (call.input(0)?, call.input(1)?);
        require(a.shape == b.shape && a.dtype == b.dtype, || format!("cannot multiply {a} by {b}"))?;
        Ok(vec![TensorType::new(a.dtype, &a.shape)])
    }

    fn shard(&self, _call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        elementwise(inputs, false, 1)
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let (dy, a, b) = (cx.dy()?, cx.input(0), cx.input(1));
        let da = if cx.wants(0) { Some(cx.apply1(&Multiply, attrs([]), &[dy, b], 0)?) } else { None };
        let db = if cx.wants(1) { Some(cx.apply1(&Multiply, attrs([]), &[dy, a], 1)?) } else { None };
        Ok(vec![da, db])
    }

    fn may_overwrite(&self) -> &'static [(usize, usize)] {
        &[(0, 0)]
    }
}
