//! Layer normalisation over the last dimension (Ba et al., arXiv 1607.06450), and its gradient. With the attribute `rms` it divides by
//! the root of the mean square and takes no mean away (Zhang & Sennrich, arXiv 1910.07467): one operation, so that whatever is fused
//! with the one is fused with the other.

use super::{Backward, Call, Operation, last, replicated_only, require, scratch, with_last};
use crate::graph::{Graph, ShapeError, Traits, Value, attrs};
use regimen_base::program::{Attr, Attrs};
use regimen_base::tensor::{DType, Placement, TensorType};

/// Operands (x, gain) or (x, gain, bias); results (y, mean, rstd), the last two one number a row; the mean is 0 if `rms`.
#[derive(Debug)]
pub struct LayerNorm;

/// Operands (dy, x, mean, rstd, gain) or with bias; results (dx, dgain) or with dbias.
#[derive(Debug)]
pub struct LayerNormGrad;

/// Appends a layer norm and returns the normalised value.
///
/// # Errors
/// If gain or bias do not have the size of the last dimension.
pub fn layer_norm(
    graph: &mut Graph,
    name: &str,
    x: Value,
    gain: Value,
    bias: Option<Value>,
    eps: f64,
) -> Result<Value, ShapeError> {
    let inputs: Vec<Value> = [x, gain].into_iter().chain(bias).collect();
    graph.apply1(&LayerNorm, name, attrs([("eps", Attr::Float(eps))]), &inputs)
}

/// Appends a root-mean-square norm and returns the normalised value.
///
/// # Errors
/// If the gain does not have the size of the last dimension.
pub fn rms_norm(graph: &mut Graph, name: &str, x: Value, gain: Value, eps: f64) -> Result<Value, ShapeError> {
    let attrs = attrs([("eps", Attr::Float(eps)), ("rms", Attr::Bool(true))]);
    graph.apply1(&LayerNorm, name, attrs, &[x, gain])
}

/// The attribute `rms`, if it is there, for an operation that belongs to a norm.
pub fn same_kind(norm: &Attrs) -> Attrs {
    norm.iter()
        .filter(|(name, _)| *name == "rms")
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Statistics are kept in f32 where the operand is smaller.
fn statistics(x: &TensorType) -> TensorType {
    let dtype = if x.dtype == DType::F64 { DType::F64 } else { DType::F32 };
    TensorType::new(dtype, with_last(x, 1).shape)
}

fn rows_may_be_split(
    call: &Call,
    rows: &[Placement],
    whole: &[Placement],
    last: u32,
) -> Result<Placement, String> {
    let first = rows[0];
    let fits = rows.iter().all(|p| *p == first)
        && whole.iter().all(|p| *p == Placement::Replicate)
        && match first {
            Placement::Replicate => true,
            Placement::Shard(d) => d < last,
            Placement::Partial => false,
        };
    if fits { Ok(first) } else { replicated_only(call, rows, 1).map(|p| p[0]) }
}

impl Operation for LayerNorm {
    fn name(&self) -> &'static str {
        "layer_norm"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=3)?;
        let x = call.input(0)?;
        for parameter in &call.inputs[1..] {
            require(parameter.shape[..] == [last(x)] && parameter.dtype == x.dtype, || {
                format!("{parameter} does not fit {x}")
            })?;
        }
        Ok(vec![TensorType::new(x.dtype, &x.shape), statistics(x), statistics(x)])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        let last = call.input(0)?.rank() as u32 - 1;
        Ok(vec![rows_may_be_split(call, &inputs[..1], &inputs[1..], last)?; 3])
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let mut inputs = vec![cx.dy()?, cx.input(0), cx.output(1), cx.output(2)];
        inputs.extend(&cx.node.inputs[1..]);
        let name = format!("{}.grad", cx.graph.value(cx.input(0)).name);
        let outputs = cx.graph.apply(&LayerNormGrad, &name, same_kind(&cx.node.attrs), &inputs)?;
        Ok((0..outputs.len()).map(|i| cx.wants(i).then_some(outputs[i])).collect())
    }
}

impl Operation for LayerNormGrad {
    fn name(&self) -> &'static str {
        "layer_norm_grad"
    }

    fn workspace(&self, call: &Call, device: &Traits) -> u64 {
        let x = &call.inputs[1];
        (call.outputs.len() as u64 - 1) * scratch::norm_sums(x, last(x), device)
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(5..=6)?;
        let (dy, x) = (call.input(0)?, call.input(1)?);
        require(dy == x, || format!("{dy} is no gradient of {x}"))?;
        let mut types = vec![TensorType::new(x.dtype, &x.shape)];
        types.extend(call.inputs[4..].iter().map(|p| TensorType::new(p.dtype, &p.shape)));
        Ok(types)
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        let last = call.input(0)?.rank() as u32 - 1;
        let rows = rows_may_be_split(call, &inputs[..4], &inputs[4..], last)?;
        let parameters = if rows == Placement::Replicate { rows } else { Placement::Partial };
        let mut placed = vec![rows];
        placed.extend(vec![parameters; inputs.len() - 4]);
        Ok(placed)
    }
}
