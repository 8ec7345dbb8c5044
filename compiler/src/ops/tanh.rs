//! The hyperbolic tangent, in the heads of classifiers.

use super::{Backward, Call, Operation, elementwise, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::tensor::{Placement, TensorType};

/// `y = tanh(x)`
#[derive(Debug)]
pub struct Tanh;

/// `dx = dy · (1 − y²)`, operands (dy, y).
#[derive(Debug)]
pub struct TanhGrad;

/// Appends `tanh(x)`.
///
/// # Errors
/// If `x` is not of a floating type.
pub fn tanh(graph: &mut Graph, name: &str, x: Value) -> Result<Value, ShapeError> {
    graph.apply1(&Tanh, name, attrs([]), &[x])
}

impl Operation for Tanh {
    fn name(&self) -> &'static str {
        "tanh"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(1..=1)?;
        let x = call.input(0)?;
        require(x.dtype.is_float(), || format!("needs a floating type, got {x}"))?;
        Ok(vec![TensorType::new(x.dtype, &x.shape)])
    }

    fn shard(&self, _call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        elementwise(inputs, false, 1)
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let (dy, y) = (cx.dy()?, cx.output(0));
        Ok(vec![Some(cx.apply1(&TanhGrad, attrs([]), &[dy, y], 0)?)])
    }
}

impl Operation for TanhGrad {
    fn name(&self) -> &'static str {
        "tanh_grad"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=2)?;
        let (dy, y) = (call.input(0)?, call.input(1)?);
        require(dy.shape == y.shape && dy.dtype == y.dtype, || format!("{dy} is no gradient of {y}"))?;
        Ok(vec![TensorType::new(y.dtype, &y.shape)])
    }

    fn shard(&self, _call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        elementwise(inputs, false, 1)
    }

    fn may_overwrite(&self) -> &'static [(usize, usize)] {
        &[(0, 0)]
    }
}
