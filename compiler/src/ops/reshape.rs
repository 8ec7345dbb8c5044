//! The same elements in another shape; a view.

use super::{Backward, Call, Operation, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::program::Attr;
use regimen_base::tensor::{Placement, TensorType};

/// See the [module](self).
#[derive(Debug)]
pub struct Reshape;

/// Appends a view of `x` in another shape.
///
/// # Errors
/// If the number of elements differs.
pub fn reshape(graph: &mut Graph, name: &str, x: Value, shape: &[u64]) -> Result<Value, ShapeError> {
    let shape = Attr::Ints(shape.iter().map(|n| *n as i64).collect());
    graph.apply1(&Reshape, name, attrs([("shape", shape)]), &[x])
}

impl Operation for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(1..=1)?;
        let x = call.input(0)?;
        let y = TensorType::new(x.dtype, call.ints("shape").iter().map(|n| *n as u64).collect::<Vec<_>>());
        require(x.elements() == y.elements(), || format!("{x} does not have the elements of {y}"))?;
        Ok(vec![y])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        let Placement::Shard(d) = inputs[0] else { return Ok(inputs.to_vec()) };
        // A leading part of the shape that stays as it is may be split.
        let (from, to) = (&call.input(0)?.shape, call.ints("shape"));
        let same = from.iter().zip(to).take(d as usize + 1).all(|(a, b)| *a as i64 == *b);
        require(same, || format!("dimension {d} is split and does not survive from {from:?} to {to:?}"))?;
        Ok(inputs.to_vec())
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let dy = cx.dy()?;
        let x = cx.input(0);
        let shape = cx.graph.ty(x).shape.clone();
        let name = format!("{}.grad", cx.graph.value(x).name);
        Ok(vec![Some(reshape(cx.graph, &name, dy, &shape)?)])
    }

    fn is_view(&self) -> bool {
        true
    }
}
