//! `y = factor · x`.

use super::{Backward, Call, Operation, elementwise};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::program::Attr;
use regimen_base::tensor::{Placement, TensorType};

/// See the [module](self).
#[derive(Debug)]
pub struct Scale;

/// Appends `factor · x`.
///
/// # Errors
/// Never.
pub fn scale(graph: &mut Graph, name: &str, x: Value, factor: f64) -> Result<Value, ShapeError> {
    graph.apply1(&Scale, name, attrs([("factor", Attr::Float(factor))]), &[x])
}

impl Operation for Scale {
    fn name(&self) -> &'static str {
        "scale"
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
        let dy = cx.dy()?;
        let attrs = cx.node.attrs.clone();
        Ok(vec![Some(cx.apply1(&Scale, attrs, &[dy], 0)?)])
    }

    fn may_overwrite(&self) -> &'static [(usize, usize)] {
        &[(0, 0)]
    }
}
