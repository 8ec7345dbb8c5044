//! `y = a + b`, where `b` has the shape of `a` or of its last dimensions (positions, biases).

use super::{Backward, Call, Operation, elementwise, require, sum_leading};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::tensor::{Placement, TensorType};

/// See the [module](self).
#[derive(Debug)]
pub struct Add;

/// Appends `a + b`.
///
/// # Errors
/// If `b`'s shape is not that of `a` or of its last dimensions.
pub fn add(graph: &mut Graph, name: &str, a: Value, b: Value) -> Result<Value, ShapeError> {
    graph.apply1(&Add, name, attrs([]), &[a, b])
}

impl Operation for Add {
    fn name(&self) -> &'static str {
        "add"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=2)?;
        let (a, b) = (call.input(0)?, call.input(1)?);
        require(a.dtype == b.dtype && a.shape.ends_with(&b.shape), || format!("cannot add {b} to {a}"))?;
        Ok(vec![TensorType::new(a.dtype, &a.shape)])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        let (a, b) = (call.input(0)?, call.input(1)?);
        if a.rank() == b.rank() {
            return elementwise(inputs, true, 1);
        }
        // A broadcast operand is whole where the other is split along a dimension that it lacks.
        let missing = (a.rank() - b.rank()) as u32;
        match (inputs[0], inputs[1]) {
            (Placement::Shard(d), Placement::Replicate) if d < missing => Ok(vec![Placement::Shard(d)]),
            (Placement::Shard(d), Placement::Shard(e)) if d == e + missing => Ok(vec![Placement::Shard(d)]),
            (Placement::Replicate, Placement::Replicate) => Ok(vec![Placement::Replicate]),
            (p, q) => Err(format!("cannot add {q:?} to {p:?}")),
        }
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let dy = cx.dy()?;
        let (a, b) = (cx.graph.ty(cx.input(0)).clone(), cx.graph.ty(cx.input(1)).clone());
        let db = if !cx.wants(1) {
            None
        } else if a.rank() == b.rank() {
            Some(dy)
        } else {
            let name = format!("{}.grad", cx.graph.value(cx.input(1)).name);
            Some(sum_leading::sum_leading(cx.graph, &name, dy, b.rank())?)
        };
        Ok(vec![cx.wants(0).then_some(dy), db])
    }

    fn may_overwrite(&self) -> &'static [(usize, usize)] {
        &[(0, 0)]
    }
}
