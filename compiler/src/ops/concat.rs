//! Joins tensors along one dimension.

use super::{Backward, Call, Operation, contiguous, require, split};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::program::Attr;
use regimen_base::tensor::{Placement, TensorType};

/// See the [module](self).
#[derive(Debug)]
pub struct Concat;

/// Appends the tensors joined along `dim`.
///
/// # Errors
/// If they differ in another dimension.
pub fn concat(graph: &mut Graph, name: &str, xs: &[Value], dim: usize) -> Result<Value, ShapeError> {
    graph.apply1(&Concat, name, attrs([("dim", Attr::Int(dim as i64))]), xs)
}

impl Operation for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        let (first, dim) = (call.input(0)?, call.int("dim", 0) as usize);
        require(dim < first.rank(), || format!("{first} has no dimension {dim}"))?;
        let mut shape = first.shape.clone();
        shape[dim] = 0;
        for x in &call.inputs {
            let fits = x.rank() == shape.len()
                && x.dtype == first.dtype
                && x.shape.iter().zip(&first.shape).enumerate().all(|(i, (a, b))| i == dim || a == b);
            require(fits, || format!("cannot join {x} to {first} along dimension {dim}"))?;
            shape[dim] += x.shape[dim];
        }
        Ok(vec![TensorType::new(first.dtype, shape)])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        let dim = call.int("dim", 0) as u32;
        let first = inputs.first().copied().unwrap_or(Placement::Replicate);
        let alike = inputs.iter().all(|p| *p == first) && first != Placement::Shard(dim);
        require(alike, || format!("cannot join operands placed {inputs:?} along dimension {dim}"))?;
        Ok(vec![first])
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let dy = cx.dy()?;
        let dim = match cx.node.attrs.get("dim") {
            Some(Attr::Int(dim)) => *dim as usize,
            _ => 0,
        };
        let sizes: Vec<u64> = cx.node.inputs.iter().map(|x| cx.graph.ty(*x).shape[dim]).collect();
        let views = split::split(cx.graph, &format!("{}.grad.parts", cx.node.name), dy, dim, &sizes)?;
        let mut gradients = Vec::with_capacity(views.len());
        for (index, view) in views.into_iter().enumerate() {
            let name = format!("{}.grad", cx.graph.value(cx.input(index)).name);
            let wanted = cx.wants(index);
            gradients.push(if wanted { Some(contiguous::contiguous(cx.graph, &name, view)?) } else { None });
        }
        Ok(gradients)
    }
}
