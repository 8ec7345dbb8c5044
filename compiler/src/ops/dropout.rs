//! Dropout whose mask is a function of (stage, step, site, sample, element), not of what ran before.
//!
//! No mask is stored: the gradient draws the same one again. So micro-batches, recomputation, ranks and a
//! resume cannot change it.

use super::{Backward, Call, Operation, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::program::Attr;
use regimen_base::tensor::{DType, Placement, TensorType};

/// Operands (x with samples first, sample positions `[B]`, step `[]`).
#[derive(Debug)]
pub struct Dropout;

/// Appends a dropout, or returns `x` outside of training or at rate 0.
///
/// # Errors
/// If the stage has no step counter.
pub fn dropout(graph: &mut Graph, name: &str, x: Value, rate: f64) -> Result<Value, ShapeError> {
    if !graph.training || rate == 0.0 {
        return Ok(x);
    }
    let samples = graph.ty(x).shape.first().copied().unwrap_or(1);
    let samples = graph.input("samples", TensorType::new(DType::I64, [samples]));
    let step = graph.scalar("step")?;
    let (key, site) = (Attr::Int(graph.key), Attr::Int(graph.site()));
    let attrs = attrs([("rate", Attr::Float(rate)), ("key", key), ("site", site)]);
    graph.apply1(&Dropout, name, attrs, &[x, samples, step])
}

impl Operation for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(3..=3)?;
        let (x, samples, step) = (call.input(0)?, call.input(1)?, call.input(2)?);
        let fits = x.shape.first() == samples.shape.first() && samples.rank() == 1 && step.rank() == 0;
        require(fits, || format!("dropout of {x} needs one position a sample, got {samples}"))?;
        Ok(vec![TensorType::new(x.dtype, &x.shape)])
    }

    fn shard(&self, _call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        // Split samples bring their positions along; other splits would need the elements' offset.
        let fits = inputs[0] == inputs[1] && matches!(inputs[0], Placement::Replicate | Placement::Shard(0));
        require(fits, || format!("dropout cannot work on operands placed {inputs:?}"))?;
        Ok(vec![inputs[0]])
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let (dy, samples, step) = (cx.dy()?, cx.input(1), cx.input(2));
        let attrs = cx.node.attrs.clone();
        Ok(vec![Some(cx.apply1(&Dropout, attrs, &[dy, samples, step], 0)?), None, None])
    }

    fn may_overwrite(&self) -> &'static [(usize, usize)] {
        &[(0, 0)]
    }
}
