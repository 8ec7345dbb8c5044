//! Cuts a tensor along one dimension into views.

use super::{Backward, Call, Operation, concat, fill, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::program::{Attr, Few};
use regimen_base::tensor::{Placement, TensorType};

/// See the [module](self).
#[derive(Debug)]
pub struct Split;

/// Appends views of `x`, cut along `dim` into parts of the given sizes.
///
/// # Errors
/// If the sizes do not add up.
pub fn split(
    graph: &mut Graph,
    name: &str,
    x: Value,
    dim: usize,
    sizes: &[u64],
) -> Result<Few<Value>, ShapeError> {
    let sizes = Attr::Ints(sizes.iter().map(|n| *n as i64).collect());
    graph.apply(&Split, name, attrs([("dim", Attr::Int(dim as i64)), ("sizes", sizes)]), &[x])
}

impl Operation for Split {
    fn name(&self) -> &'static str {
        "split"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(1..=1)?;
        let (x, dim, sizes) = (call.input(0)?, call.int("dim", 0) as usize, call.ints("sizes"));
        let whole = x.shape.get(dim).copied().unwrap_or(0);
        require(sizes.iter().sum::<i64>() == whole as i64, || {
            format!("cannot cut dimension {dim} of {x} into {sizes:?}")
        })?;
        let part = |size: &i64| {
            let mut shape = x.shape.clone();
            shape[dim] = *size as u64;
            TensorType::new(x.dtype, shape)
        };
        Ok(sizes.iter().map(part).collect())
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        let dim = call.int("dim", 0) as u32;
        require(inputs[0] != Placement::Shard(dim), || format!("dimension {dim} is split over ranks"))?;
        Ok(vec![inputs[0]; call.ints("sizes").len()])
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let name = format!("{}.grad", cx.graph.value(cx.input(0)).name);
        let mut parts = Vec::with_capacity(cx.node.outputs.len());
        for (output, gradient) in cx.node.outputs.iter().zip(cx.output_gradients) {
            let ty = cx.graph.ty(*output).clone();
            parts.push(match gradient {
                Some(gradient) => *gradient,
                None => fill::fill(cx.graph, &format!("{name}.zero"), 0.0, ty)?,
            });
        }
        let dim = match cx.node.attrs.get("dim") {
            Some(Attr::Int(dim)) => *dim as usize,
            _ => 0,
        };
        Ok(vec![Some(concat::concat(cx.graph, &name, &parts, dim)?)])
    }

    fn is_view(&self) -> bool {
        true
    }
}
