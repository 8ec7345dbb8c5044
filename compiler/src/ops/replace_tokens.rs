//! Tokens drawn from a generator's predictions in place of hidden ones (Clark et al., arXiv 2003.10555). No gradient flows through the
//! draw, whose randomness is a function of (stage, step, site, sample, position).

use super::{Call, Operation, replicated_only, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::program::Attr;
use regimen_base::tensor::{DType, Placement, TensorType};

/// Operands (logits `[B, T, V]`, tokens `[B, T]`, labels `[B, T]`, sample positions `[B]`, step `[]`); results (tokens `[B, T]` with those
/// that have a label drawn from softmax(logits), targets `[B, T]`). A target is 1 where the token is not the one that was there: a
/// draw that hits the label counts as original. It is −100 in rows whose sample position is negative: they fill up a batch.
#[derive(Debug)]
pub struct ReplaceTokens;

/// Appends the draw and returns (tokens, targets).
///
/// # Errors
/// If the shapes do not fit.
pub fn replace_tokens(
    graph: &mut Graph,
    name: &str,
    logits: Value,
    (tokens, labels): (Value, Value),
    step: Value,
) -> Result<(Value, Value), ShapeError> {
    let samples = graph.ty(tokens).shape.first().copied().unwrap_or(1);
    let samples = graph.input("samples", TensorType::new(DType::I64, [samples]));
    let (key, site) = (Attr::Int(graph.key), Attr::Int(graph.site()));
    let attrs = attrs([("key", key), ("site", site)]);
    let results = graph.apply(&ReplaceTokens, name, attrs, &[logits, tokens, labels, samples, step])?;
    Ok((results[0], results[1]))
}

impl Operation for ReplaceTokens {
    fn name(&self) -> &'static str {
        "replace_tokens"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(5..=5)?;
        let (logits, tokens, labels) = (call.input(0)?, call.input(1)?, call.input(2)?);
        let (samples, step) = (call.input(3)?, call.input(4)?);
        let fits = logits.rank() == 3
            && logits.dtype.is_float()
            && logits.shape[..2] == tokens.shape[..]
            && tokens == labels
            && samples.shape[..] == tokens.shape[..1]
            && step.rank() == 0
            && [tokens, samples, step].iter().all(|t| t.dtype == DType::I64);
        require(fits, || format!("cannot replace {tokens} with labels {labels} by draws from {logits}"))?;
        Ok(vec![TensorType::new(DType::I64, &tokens.shape); 2])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        replicated_only(call, inputs, 2)
    }
}
