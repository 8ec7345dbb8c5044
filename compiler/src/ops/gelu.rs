//! GELU in its tanh approximation, as GPT-2 uses it (Hendrycks & Gimpel, arXiv 1606.08415).

use super::{Backward, Call, Operation, elementwise, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::tensor::{Placement, TensorType};

/// `y = gelu(x)`
#[derive(Debug)]
pub struct Gelu;

/// `dx = dy · gelu'(x)`, operands (dy, x).
#[derive(Debug)]
pub struct GeluGrad;

/// Appends `gelu(x)`.
///
/// # Errors
/// If `x` is not of a floating type.
pub fn gelu(graph: &mut Graph, name: &str, x: Value) -> Result<Value, ShapeError> {
    graph.apply1(&Gelu, name, attrs([]), &[x])
}

impl Operation for Gelu {
    fn name(&self) -> &'static str {
        "gelu"
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
        let (dy, x) = (cx.dy()?, cx.input(0));
        Ok(vec![Some(cx.apply1(&GeluGrad, attrs([]), &[dy, x], 0)?)])
    }
}

impl Operation for GeluGrad {
    fn name(&self) -> &'static str {
        "gelu_grad"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=2)?;
        let (dy, x) = (call.input(0)?, call.input(1)?);
        require(dy.shape == x.shape && dy.dtype == x.dtype, || format!("{dy} is no gradient of {x}"))?;
        Ok(vec![TensorType::new(x.dtype, &x.shape)])
    }

    fn shard(&self, _call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        elementwise(inputs, false, 1)
    }

    fn may_overwrite(&self) -> &'static [(usize, usize)] {
        &[(0, 0)]
    }
}
