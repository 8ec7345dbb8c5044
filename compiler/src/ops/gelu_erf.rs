//! GELU as it is defined, x·Φ(x) with the normal distribution's Φ, as BERT uses it (Hendrycks & Gimpel, arXiv 1606.08415).

use super::{Backward, Call, Operation, elementwise, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::tensor::{Placement, TensorType};

/// `y = gelu_erf(x)`
#[derive(Debug)]
pub struct GeluErf;

/// `dx = dy · gelu_erf'(x)`, operands (dy, x).
#[derive(Debug)]
pub struct GeluErfGrad;

/// Appends `gelu_erf(x)`.
///
/// # Errors
/// If `x` is not of a floating type.
pub fn gelu_erf(graph: &mut Graph, name: &str, x: Value) -> Result<Value, ShapeError> {
    graph.apply1(&GeluErf, name, attrs([]), &[x])
}

impl Operation for GeluErf {
    fn name(&self) -> &'static str {
        "gelu_erf"
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
        Ok(vec![Some(cx.apply1(&GeluErfGrad, attrs([]), &[dy, x], 0)?)])
    }
}

impl Operation for GeluErfGrad {
    fn name(&self) -> &'static str {
        "gelu_erf_grad"
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
