//! Attention of new tokens over a cache of keys and values, each seeing what is at its position and before. Grouped queries read the
//! head of their group where it lies: heads are never repeated in memory.

use super::cache_write::fits;
use super::{Call, Operation, replicated_only, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::gpu::CACHED_HEAD;
use regimen_base::plan::Backend;
use regimen_base::program::Attr;
use regimen_base::tensor::{Placement, TensorType};

/// Operands (q `[B, T, H, D]`, perhaps strided, keys and values `[B, S, G, D]`, positions `[B, T]`), G divides H; result `[B, T, H, D]`:
/// `softmax(scale · q·kᵀ)·v` over rows 0 to `positions[b, t]` of the cache, whose tokens of a sample follow one another.
#[derive(Debug)]
pub struct CachedAttention;

/// Appends the operation.
///
/// # Errors
/// If the shapes do not fit.
pub fn cached_attention(
    graph: &mut Graph,
    name: &str,
    q: Value,
    [keys, values]: [Value; 2],
    positions: Value,
    scale: f64,
) -> Result<Value, ShapeError> {
    let attrs = attrs([("scale", Attr::Float(scale))]);
    graph.apply1(&CachedAttention, name, attrs, &[q, keys, values, positions])
}

impl Operation for CachedAttention {
    fn name(&self) -> &'static str {
        "cached_attention"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(4..=4)?;
        let (q, k, v, positions) = (call.input(0)?, call.input(1)?, call.input(2)?, call.input(3)?);
        let grouped = fits(k, q, positions)
            && k == v
            && q.dtype.is_float()
            && q.shape[3] == k.shape[3]
            && k.shape[2] > 0
            && q.shape[2].is_multiple_of(k.shape[2]);
        require(grouped, || format!("{q} cannot attend to {k} and {v} at {positions}"))?;
        Ok(vec![TensorType::new(q.dtype, &q.shape)])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        match inputs[..] {
            [Placement::Shard(2), Placement::Shard(2), Placement::Shard(2), Placement::Replicate] => {
                Ok(vec![inputs[0]])
            }
            [Placement::Shard(0), Placement::Shard(0), Placement::Shard(0), Placement::Shard(0)] => {
                Ok(vec![inputs[0]])
            }
            _ => replicated_only(call, inputs, 1),
        }
    }

    fn refuses(&self, backend: Backend, inputs: &[&TensorType]) -> Option<String> {
        let head = inputs.first()?.shape.last().copied().filter(|head| *head > CACHED_HEAD)?;
        let why = || {
            format!(
                "heads have {head} dimensions, and attention over a cache takes {CACHED_HEAD} at most on a GPU"
            )
        };
        (backend == Backend::Cuda).then(why)
    }

    fn flops(&self, call: &Call) -> u64 {
        // As for attention, masked positions are counted: of every query with the whole cache.
        2 * 2 * call.inputs[0].elements() * call.inputs[1].shape[1]
    }
}
