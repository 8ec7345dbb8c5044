//! A tensor with the same number everywhere.

use super::{Call, Operation};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::program::Attr;
use regimen_base::tensor::{Placement, TensorType};

/// See the [module](self).
#[derive(Debug)]
pub struct Fill;

/// Appends a tensor of the given type with the same number everywhere.
///
/// # Errors
/// Never for a known element type.
pub fn fill(graph: &mut Graph, name: &str, value: f64, ty: TensorType) -> Result<Value, ShapeError> {
    let shape = Attr::Ints(ty.shape.iter().map(|n| *n as i64).collect());
    let dtype = Attr::Text(ty.dtype.name().into());
    let all = attrs([("value", Attr::Float(value)), ("dtype", dtype), ("shape", shape)]);
    graph.apply1(&Fill, name, all, &[])
}

impl Operation for Fill {
    fn name(&self) -> &'static str {
        "fill"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(0..=0)?;
        let shape: Vec<u64> = call.ints("shape").iter().map(|n| *n as u64).collect();
        Ok(vec![TensorType::new(call.dtype("dtype")?, shape)])
    }

    fn shard(&self, _call: &Call, _inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        Ok(vec![Placement::Replicate])
    }
}
