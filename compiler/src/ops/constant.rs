//! Whole numbers that the compiler knows: where a relative position is in its table.

use super::{Call, Operation};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::program::Attr;
use regimen_base::tensor::{DType, Placement, TensorType};

/// No operands; the attribute `values` as a vector of i64.
#[derive(Debug)]
pub struct Constant;

/// Appends a vector of these numbers.
///
/// # Errors
/// Never.
pub fn constant(graph: &mut Graph, name: &str, values: Vec<i64>) -> Result<Value, ShapeError> {
    graph.apply1(&Constant, name, attrs([("values", Attr::Ints(values))]), &[])
}

impl Operation for Constant {
    fn name(&self) -> &'static str {
        "constant"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(0..=0)?;
        Ok(vec![TensorType::new(DType::I64, [call.ints("values").len() as u64])])
    }

    fn shard(&self, _call: &Call, _inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        Ok(vec![Placement::Replicate])
    }
}
