//! Rows of a table by index, and the gradient of the table.

use super::{Backward, Call, Operation, accumulates, last, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::plan::Backend;
use regimen_base::program::{Attr, Attrs};
use regimen_base::tensor::{DType, Placement, TensorType};

/// `y[…, C] = weight[ids[…]]`, operands (weight `[V, C]`, ids).
#[derive(Debug)]
pub struct Embedding;

/// Operands (dy, ids); a dense gradient of the table.
#[derive(Debug)]
pub struct EmbeddingGrad;

/// Operands (acc, dy, ids); adds the gradient to the accumulator, touching only the rows that occur.
#[derive(Debug)]
pub struct EmbeddingGradAccumulate;

/// Appends a look-up of `ids` in `weight`.
///
/// # Errors
/// If `weight` is no matrix or `ids` are not integers.
pub fn embedding(graph: &mut Graph, name: &str, weight: Value, ids: Value) -> Result<Value, ShapeError> {
    graph.apply1(&Embedding, name, attrs([]), &[weight, ids])
}

/// Additions in whatever order in place of those in the order of rows.
fn unordered(attrs: &Attrs) -> Option<Attrs> {
    let mut faster = attrs.clone();
    let before = faster.insert("deterministic".into(), Attr::Bool(false));
    (before == Some(Attr::Bool(true))).then_some(faster)
}

impl Operation for Embedding {
    fn name(&self) -> &'static str {
        "embedding"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=2)?;
        let (weight, ids) = (call.input(0)?, call.input(1)?);
        require(weight.rank() == 2 && ids.dtype == DType::I64, || {
            format!("cannot look up {ids} in {weight}")
        })?;
        let mut shape = ids.shape.clone();
        shape.push(last(weight));
        Ok(vec![TensorType::new(weight.dtype, shape)])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        let hidden = call.input(1)?.rank() as u32;
        match (inputs[0], inputs[1]) {
            (Placement::Replicate, ids @ (Placement::Replicate | Placement::Shard(_))) => Ok(vec![ids]),
            (Placement::Shard(1), Placement::Replicate) => Ok(vec![Placement::Shard(hidden)]),
            (w, ids) => Err(format!("cannot look up ids placed {ids:?} in a table placed {w:?}")),
        }
    }

    fn bytes(&self, call: &Call) -> u64 {
        // Only the rows that are looked up are read.
        let y = &call.outputs[0];
        2 * y.elements() * y.dtype.size() + call.inputs[1].elements() * 8
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let (dy, ids) = (cx.dy()?, cx.input(1));
        let rows = cx.graph.ty(cx.input(0)).shape[0] as i64;
        let mut attrs = attrs([("rows", Attr::Int(rows))]);
        if cx.graph.device.backend == Backend::Cuda {
            attrs.insert("deterministic".into(), Attr::Bool(cx.graph.device.reproducible));
        }
        let dw = cx.apply1(&EmbeddingGrad, attrs, &[dy, ids], 0)?;
        Ok(vec![Some(dw), None])
    }
}

fn table_gradient(call: &Call, dy: usize) -> Result<TensorType, String> {
    let (dy, ids) = (call.input(dy)?, call.input(dy + 1)?);
    require(dy.shape[..dy.rank().saturating_sub(1)] == ids.shape[..], || format!("{dy} does not fit {ids}"))?;
    Ok(TensorType::new(dy.dtype, [call.int("rows", 0) as u64, last(dy)]))
}

fn table_placement(call: &Call, dy: usize, placed: (Placement, Placement)) -> Result<Placement, String> {
    let hidden = call.input(dy)?.rank() as u32 - 1;
    match placed {
        (Placement::Replicate, Placement::Replicate) => Ok(Placement::Replicate),
        (Placement::Shard(d), Placement::Shard(e)) if d == e => Ok(Placement::Partial),
        (Placement::Shard(d), Placement::Replicate) if d == hidden => Ok(Placement::Shard(1)),
        (p, q) => Err(format!("a gradient placed {p:?} does not fit ids placed {q:?}")),
    }
}

impl Operation for EmbeddingGrad {
    fn name(&self) -> &'static str {
        "embedding_grad"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=2)?;
        Ok(vec![table_gradient(call, 0)?])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        Ok(vec![table_placement(call, 0, (inputs[0], inputs[1]))?])
    }

    fn accumulating(&self) -> Option<&'static dyn Operation> {
        Some(&EmbeddingGradAccumulate)
    }
}

impl Operation for EmbeddingGradAccumulate {
    fn name(&self) -> &'static str {
        "embedding_grad_accumulate"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(3..=3)?;
        let (acc, dw) = (call.input(0)?, table_gradient(call, 1)?);
        require(accumulates(acc, &dw), || format!("cannot add {dw} to {acc}"))?;
        Ok(vec![])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        let dw = table_placement(call, 1, (inputs[1], inputs[2]))?;
        require(inputs[0] == dw, || format!("the accumulator is {:?}, the gradient {dw:?}", inputs[0]))?;
        Ok(vec![])
    }

    fn bytes(&self, call: &Call) -> u64 {
        3 * call.inputs[1].elements() * call.inputs[1].dtype.size() + call.inputs[2].elements() * 8
    }

    fn faster(&self, attrs: &Attrs) -> Option<Attrs> {
        unordered(attrs)
    }

    fn repeats(&self, attrs: &Attrs) -> bool {
        // Atomic additions come in any order.
        attrs.get("deterministic") != Some(&Attr::Bool(false))
    }

    fn writes(&self, _inputs: usize, _attrs: &Attrs) -> Vec<usize> {
        vec![0]
    }
}
