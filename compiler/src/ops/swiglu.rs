//! The gate of a SwiGLU layer (Shazeer, arXiv 2002.05202): `y = silu(gate) · up` with `silu(x) = x·σ(x)`.

use super::{Backward, Call, Operation, elementwise, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::tensor::{Placement, TensorType};

/// Operands (gate, up); see the [module](self).
#[derive(Debug)]
pub struct Swiglu;

/// Operands (dy, gate, up); results (dgate, dup).
#[derive(Debug)]
pub struct SwigluGrad;

/// Appends `silu(gate) · up`.
///
/// # Errors
/// If the types differ or are not floating.
pub fn swiglu(graph: &mut Graph, name: &str, gate: Value, up: Value) -> Result<Value, ShapeError> {
    graph.apply1(&Swiglu, name, attrs([]), &[gate, up])
}

impl Operation for Swiglu {
    fn name(&self) -> &'static str {
        "swiglu"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=2)?;
        let (gate, up) = (call.input(0)?, call.input(1)?);
        let fits = gate.shape == up.shape && gate.dtype == up.dtype && gate.dtype.is_float();
        require(fits, || format!("{gate} is no gate for {up}"))?;
        Ok(vec![TensorType::new(gate.dtype, &gate.shape)])
    }

    fn shard(&self, _call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        elementwise(inputs, false, 1)
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let inputs = [cx.dy()?, cx.input(0), cx.input(1)];
        let name = format!("{}.grad", cx.node.name);
        let outputs = cx.graph.apply(&SwigluGrad, &name, attrs([]), &inputs)?;
        Ok(outputs.into_iter().enumerate().map(|(i, g)| cx.wants(i).then_some(g)).collect())
    }

    fn may_overwrite(&self) -> &'static [(usize, usize)] {
        &[(0, 0)]
    }
}

impl Operation for SwigluGrad {
    fn name(&self) -> &'static str {
        "swiglu_grad"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(3..=3)?;
        let (dy, gate, up) = (call.input(0)?, call.input(1)?, call.input(2)?);
        let same = |t: &TensorType| t.shape == dy.shape && t.dtype == dy.dtype;
        require(same(gate) && same(up), || format!("{dy} is no gradient of {gate} and {up}"))?;
        Ok(vec![TensorType::new(dy.dtype, &dy.shape); 2])
    }

    fn shard(&self, _call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        elementwise(inputs, false, 2)
    }

    fn may_overwrite(&self) -> &'static [(usize, usize)] {
        &[(0, 1), (1, 2)]
    }
}
