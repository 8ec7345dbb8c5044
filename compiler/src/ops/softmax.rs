//! Softmax over the last dimension of scaled scores, with or without a causal mask.

use super::{Backward, Call, Operation, replicated_only, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::program::Attr;
use regimen_base::tensor::{Placement, TensorType};

/// `p = softmax(scale · x)`; with `causal`, row `t` of `T` sees the first `S − T + t + 1` of `S` columns.
#[derive(Debug)]
pub struct Softmax;

/// Operands (dp, p); `dx = scale · p · (dp − Σ dp·p)`.
#[derive(Debug)]
pub struct SoftmaxGrad;

/// Appends a softmax.
///
/// # Errors
/// If `x` has fewer than two dimensions.
pub fn softmax(
    graph: &mut Graph,
    name: &str,
    x: Value,
    causal: bool,
    scale: f64,
) -> Result<Value, ShapeError> {
    let attrs = attrs([("causal", Attr::Bool(causal)), ("scale", Attr::Float(scale))]);
    graph.apply1(&Softmax, name, attrs, &[x])
}

fn independent(call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
    let positions = call.input(0)?.rank() as u32 - 2;
    match inputs[0] {
        Placement::Shard(d) if d < positions && inputs.iter().all(|p| *p == inputs[0]) => Ok(vec![inputs[0]]),
        _ => replicated_only(call, inputs, 1),
    }
}

impl Operation for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(1..=1)?;
        let x = call.input(0)?;
        require(x.rank() >= 2 && x.dtype.is_float(), || format!("needs scores […, T, S], got {x}"))?;
        Ok(vec![TensorType::new(x.dtype, &x.shape)])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        independent(call, inputs)
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let (dp, p) = (cx.dy()?, cx.output(0));
        let scale = cx.node.attrs.get("scale").cloned().unwrap_or(Attr::Float(1.0));
        Ok(vec![Some(cx.apply1(&SoftmaxGrad, attrs([("scale", scale)]), &[dp, p], 0)?)])
    }

    fn may_overwrite(&self) -> &'static [(usize, usize)] {
        &[(0, 0)]
    }
}

impl Operation for SoftmaxGrad {
    fn name(&self) -> &'static str {
        "softmax_grad"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=2)?;
        let (dp, p) = (call.input(0)?, call.input(1)?);
        require(dp.shape == p.shape && dp.dtype == p.dtype, || format!("{dp} is no gradient of {p}"))?;
        Ok(vec![TensorType::new(p.dtype, &p.shape)])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        independent(call, inputs)
    }

    fn may_overwrite(&self) -> &'static [(usize, usize)] {
        &[(0, 0)]
    }
}
