//! Converts the element type.

use super::{Backward, Call, Operation, elementwise};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::program::Attr;
use regimen_base::tensor::{DType, Placement, TensorType};

/// `y = x` in another element type.
#[derive(Debug)]
pub struct Cast;

/// Appends a conversion, or returns `x` if it has the type already.
///
/// # Errors
/// Never for a known element type.
pub fn cast(graph: &mut Graph, name: &str, x: Value, dtype: DType) -> Result<Value, ShapeError> {
    if graph.ty(x).dtype == dtype {
        return Ok(x);
    }
    graph.apply1(&Cast, name, attrs([("dtype", Attr::Text(dtype.name().into()))]), &[x])
}

impl Operation for Cast {
    fn name(&self) -> &'static str {
        "cast"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(1..=1)?;
        Ok(vec![TensorType::new(call.dtype("dtype")?, &call.input(0)?.shape)])
    }

    fn shard(&self, _call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        elementwise(inputs, false, 1)
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let dy = cx.dy()?;
        let dtype = cx.graph.ty(cx.input(0)).dtype;
        let name = format!("{}.grad", cx.graph.value(cx.input(0)).name);
        Ok(vec![Some(cast(cx.graph, &name, dy, dtype)?)])
    }
}
