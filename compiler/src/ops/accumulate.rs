//! `acc += x`, in the accumulator's precision.

use super::{Call, Operation, elementwise, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::program::Attrs;
use regimen_base::tensor::{Placement, TensorType};

/// See the [module](self).
#[derive(Debug)]
pub struct Accumulate;

/// Appends `acc += x`.
///
/// # Errors
/// If the shapes differ.
pub fn accumulate(graph: &mut Graph, name: &str, acc: Value, x: Value) -> Result<(), ShapeError> {
    graph.apply(&Accumulate, name, attrs([]), &[acc, x]).map(|_| ())
}

impl Operation for Accumulate {
    fn name(&self) -> &'static str {
        "accumulate"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=2)?;
        let (acc, x) = (call.input(0)?, call.input(1)?);
        let floats = acc.dtype.is_float() && x.dtype.is_float();
        require(acc.shape == x.shape && floats, || format!("cannot add {x} to {acc}"))?;
        Ok(vec![])
    }

    fn shard(&self, _call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        elementwise(inputs, true, 0)
    }

    fn writes(&self, _inputs: usize, _attrs: &Attrs) -> Vec<usize> {
        vec![0]
    }
}
