//! Collectives along one mesh axis: the two conjugate operations of tensor parallelism (Shoeybi et al.,
//! arXiv 1909.08053, where they are called g and f).

use super::{Backward, Call, Operation, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::plan::Backend;
use regimen_base::program::{Attr, Attrs};
use regimen_base::tensor::{Placement, TensorType};

/// Sums partial values over the ranks; the gradient passes through.
#[derive(Debug)]
pub struct AllReduce;

/// Enters a region in which ranks compute different parts: nothing forward, a sum over the ranks backward.
#[derive(Debug)]
pub struct EnterParallel;

/// Appends the sum of a partial value over the ranks of a mesh axis.
///
/// # Errors
/// If `x` is not a partial sum.
pub fn all_reduce(graph: &mut Graph, name: &str, x: Value, axis: usize) -> Result<Value, ShapeError> {
    graph.apply1(&AllReduce, name, on(axis), &[x])
}

/// Marks that what follows is computed in parts along a mesh axis.
///
/// # Errors
/// If `x` is not whole on every rank.
pub fn enter_parallel(graph: &mut Graph, name: &str, x: Value, axis: usize) -> Result<Value, ShapeError> {
    graph.apply1(&EnterParallel, name, on(axis), &[x])
}

fn on(axis: usize) -> Attrs {
    attrs([("axis", Attr::Int(axis as i64))])
}

fn same(call: &Call) -> Result<Vec<TensorType>, String> {
    call.operands(1..=1)?;
    let x = call.input(0)?;
    Ok(vec![TensorType::new(x.dtype, &x.shape)])
}

impl Operation for AllReduce {
    fn name(&self) -> &'static str {
        "all_reduce"
    }

    fn runs_on(&self, backend: Backend) -> bool {
        backend == Backend::Cpu
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        same(call)
    }

    fn shard(&self, _call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        require(inputs[0] == Placement::Partial, || {
            format!("only partial sums are summed, got {:?}", inputs[0])
        })?;
        Ok(vec![Placement::Replicate])
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        Ok(vec![Some(cx.dy()?)])
    }

    fn may_overwrite(&self) -> &'static [(usize, usize)] {
        &[(0, 0)]
    }
}

impl Operation for EnterParallel {
    fn name(&self) -> &'static str {
        "enter_parallel"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        same(call)
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let (dy, attrs) = (cx.dy()?, cx.node.attrs.clone());
        Ok(vec![Some(cx.apply1(&AllReduce, attrs, &[dy], 0)?)])
    }

    fn is_view(&self) -> bool {
        true
    }
}
