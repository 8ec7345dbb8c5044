//! The Euclidean norm of all gradients together, summed in f64 in a fixed order.

use super::{Call, Operation, require, scratch};
use crate::graph::{Graph, ShapeError, Traits, Value, attrs};
use regimen_base::tensor::{DType, TensorType};

/// `√(Σ‖g‖²)` over all operands, as f32.
#[derive(Debug)]
pub struct GlobalNorm;

/// Appends the norm of all `gradients` together.
///
/// # Errors
/// If one of them is not of a floating type.
pub fn global_norm(graph: &mut Graph, name: &str, gradients: &[Value]) -> Result<Value, ShapeError> {
    graph.apply1(&GlobalNorm, name, attrs([]), gradients)
}

impl Operation for GlobalNorm {
    fn name(&self) -> &'static str {
        "global_norm"
    }

    fn workspace(&self, call: &Call, device: &Traits) -> u64 {
        scratch::chunk_sums(&call.inputs, device)
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        for g in &call.inputs {
            require(g.dtype.is_float(), || format!("needs floating types, got {g}"))?;
        }
        Ok(vec![TensorType::new(DType::F32, [])])
    }
}
