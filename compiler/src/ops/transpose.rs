//! Exchanges two dimensions; a strided view.

use super::{Backward, Call, Operation, contiguous, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::program::Attr;
use regimen_base::tensor::{Placement, TensorType};

/// See the [module](self).
#[derive(Debug)]
pub struct Transpose;

/// Appends a view of `x` with dimensions `d0` and `d1` exchanged.
///
/// # Errors
/// If `x` has no such dimensions.
pub fn transpose(graph: &mut Graph, name: &str, x: Value, d0: usize, d1: usize) -> Result<Value, ShapeError> {
    let dims = attrs([("d0", Attr::Int(d0 as i64)), ("d1", Attr::Int(d1 as i64))]);
    graph.apply1(&Transpose, name, dims, &[x])
}

fn dims(call: &Call) -> (usize, usize) {
    (call.int("d0", 0) as usize, call.int("d1", 1) as usize)
}

impl Operation for Transpose {
    fn name(&self) -> &'static str {
        "transpose"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(1..=1)?;
        let x = call.input(0)?;
        let (d0, d1) = dims(call);
        require(d0 < x.rank() && d1 < x.rank(), || format!("{x} has no dimensions {d0} and {d1}"))?;
        let mut shape = x.shape.clone();
        shape.swap(d0, d1);
        Ok(vec![TensorType::new(x.dtype, shape)])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        let (d0, d1) = dims(call);
        Ok(vec![match inputs[0] {
            Placement::Shard(d) if d as usize == d0 => Placement::Shard(d1 as u32),
            Placement::Shard(d) if d as usize == d1 => Placement::Shard(d0 as u32),
            other => other,
        }])
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let dy = cx.dy()?;
        let (d0, d1) = (int(cx, "d0"), int(cx, "d1"));
        let name = format!("{}.grad", cx.graph.value(cx.input(0)).name);
        let view = transpose(cx.graph, &format!("{name}.view"), dy, d0, d1)?;
        // What consumes a gradient expects it contiguous.
        Ok(vec![Some(contiguous::contiguous(cx.graph, &name, view)?)])
    }

    fn is_view(&self) -> bool {
        true
    }
}

fn int(cx: &Backward, name: &str) -> usize {
    match cx.node.attrs.get(name) {
        Some(Attr::Int(n)) => *n as usize,
        _ => 0,
    }
}
