//! Softmax over the scores of tokens that belong to the same segment of a sample: a document among several, or text among padding.

use super::softmax::SoftmaxGrad;
use super::{Backward, Call, Operation, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::plan::Backend;
use regimen_base::program::Attr;
use regimen_base::tensor::{DType, Placement, TensorType};

/// Operands (x `[B, H, T, T]`, segments `[B, T]`): `p = softmax(scale · x)` over the columns whose segment is that of the row, with `causal`
/// only up to the row itself. Rows of segment 0 see nothing and are zeros.
#[derive(Debug)]
pub struct SegmentSoftmax;

/// Appends it; `(causal, scale)` are as for [`super::softmax::softmax`].
///
/// # Errors
/// If the segments do not fit the scores.
pub fn segment_softmax(
    graph: &mut Graph,
    name: &str,
    x: Value,
    segments: Value,
    (causal, scale): (bool, f64),
) -> Result<Value, ShapeError> {
    let attrs = attrs([("causal", Attr::Bool(causal)), ("scale", Attr::Float(scale))]);
    graph.apply1(&SegmentSoftmax, name, attrs, &[x, segments])
}

impl Operation for SegmentSoftmax {
    fn name(&self) -> &'static str {
        "segment_softmax"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=2)?;
        let (x, segments) = (call.input(0)?, call.input(1)?);
        let fits = x.rank() == 4
            && x.dtype.is_float()
            && segments.dtype == DType::I64
            && segments.shape[..] == [x.shape[0], x.shape[2]]
            && x.shape[2] == x.shape[3];
        require(fits, || format!("{segments} are no segments of scores {x}"))?;
        Ok(vec![TensorType::new(x.dtype, &x.shape)])
    }

    fn runs_on(&self, backend: Backend) -> bool {
        backend == Backend::Cpu
    }

    fn shard(&self, _call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        let fits = matches!(
            inputs,
            [Placement::Shard(0), Placement::Shard(0)]
                | [Placement::Replicate | Placement::Shard(1), Placement::Replicate]
        );
        require(fits, || format!("a softmax of segments cannot work on operands placed {inputs:?}"))?;
        Ok(vec![inputs[0]])
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        // What is not seen has weight 0, and with it gradient 0.
        let (dp, p) = (cx.dy()?, cx.output(0));
        let scale = cx.node.attrs.get("scale").cloned().unwrap_or(Attr::Float(1.0));
        Ok(vec![Some(cx.apply1(&SoftmaxGrad, attrs([("scale", scale)]), &[dp, p], 0)?), None])
    }

    fn may_overwrite(&self) -> &'static [(usize, usize)] {
        &[(0, 0)]
    }
}
