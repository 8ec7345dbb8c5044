//! Keys or values of new tokens into a cache: row `positions[b, t]` of sample b becomes `x[b, t]`.

use super::{Call, Operation, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::program::Attrs;
use regimen_base::tensor::{DType, Placement, TensorType};

/// Operands (cache `[B, S, G, D]`, x `[B, T, G, D]`, perhaps strided, positions `[B, T]`), positions below S.
#[derive(Debug)]
pub struct CacheWrite;

/// Appends the write.
///
/// # Errors
/// If the shapes do not fit.
pub fn cache_write(
    graph: &mut Graph,
    name: &str,
    cache: Value,
    x: Value,
    positions: Value,
) -> Result<(), ShapeError> {
    graph.apply(&CacheWrite, name, attrs([]), &[cache, x, positions]).map(|_| ())
}

/// Whether `rows` `[B, T, …]` fit a cache `[B, S, …]` at these positions.
pub(super) fn fits(cache: &TensorType, rows: &TensorType, positions: &TensorType) -> bool {
    cache.rank() == 4
        && rows.rank() == 4
        && cache.dtype == rows.dtype
        && cache.shape[0] == rows.shape[0]
        && rows.shape[1] <= cache.shape[1]
        && positions.dtype == DType::I64
        && positions.shape[..] == rows.shape[..2]
}

impl Operation for CacheWrite {
    fn name(&self) -> &'static str {
        "cache_write"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(3..=3)?;
        let (cache, x, positions) = (call.input(0)?, call.input(1)?, call.input(2)?);
        let fits = fits(cache, x, positions) && cache.shape[2..] == x.shape[2..];
        require(fits, || format!("cannot write {x} into {cache} at {positions}"))?;
        Ok(vec![])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        match inputs[..] {
            [Placement::Shard(2), Placement::Shard(2), Placement::Replicate] => Ok(vec![]),
            [Placement::Shard(0), Placement::Shard(0), Placement::Shard(0)] => Ok(vec![]),
            _ => super::replicated_only(call, inputs, 0),
        }
    }

    fn bytes(&self, call: &Call) -> u64 {
        // The rows that are written, not the whole cache.
        2 * call.inputs[1].elements() * call.inputs[1].dtype.size() + call.inputs[2].elements() * 8
    }

    fn writes(&self, _inputs: usize, _attrs: &Attrs) -> Vec<usize> {
        vec![0]
    }
}
