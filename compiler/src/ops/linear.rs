//! Matrix products with a weight: `y = x · wᵀ + b`, and the gradient of the weight.
//!
//! The weight is stored `[O, I]`, or `[I, O]` with the attribute `transposed`. Leading dimensions of `x`
//! are rows. The gradient of `x` is the same operation with the other orientation.

use super::{Backward, Call, Operation, accumulates, flag, last, require, rows, sum_leading, with_last};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::program::{Attr, Attrs};
use regimen_base::tensor::{Placement, TensorType};

/// Operands (x, w) or (x, w, b).
#[derive(Debug)]
pub struct Linear;

/// Operands (dy, x); `dw = dyᵀ · x`, or its transpose with `transposed`.
#[derive(Debug)]
pub struct LinearGradWeight;

/// Operands (acc, dy, x); `acc += dw` in one product.
#[derive(Debug)]
pub struct LinearGradWeightAccumulate;

/// Appends `x · wᵀ + b`, with `w` stored `[O, I]`.
///
/// # Errors
/// If the sizes do not fit.
pub fn linear(
    graph: &mut Graph,
    name: &str,
    x: Value,
    w: Value,
    b: Option<Value>,
) -> Result<Value, ShapeError> {
    let inputs: Vec<Value> = [x, w].into_iter().chain(b).collect();
    graph.apply1(&Linear, name, orientation(false), &inputs)
}

fn orientation(transposed: bool) -> Attrs {
    attrs([("transposed", Attr::Bool(transposed))])
}

/// Dimensions of the weight that are (output, input).
fn weight_dims(transposed: bool) -> (usize, usize) {
    if transposed { (1, 0) } else { (0, 1) }
}

fn product_flops(rows: u64, inputs: u64, outputs: u64) -> u64 {
    2 * rows * inputs * outputs
}

impl Operation for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=3)?;
        let (x, w) = (call.input(0)?, call.input(1)?);
        let (out, inp) = weight_dims(call.flag("transposed"));
        require(w.rank() == 2 && x.rank() >= 1 && w.shape[inp] == last(x) && w.dtype == x.dtype, || {
            format!("cannot multiply {x} by the weight {w}")
        })?;
        if let Some(b) = call.inputs.get(2) {
            require(b.shape[..] == [w.shape[out]] && b.dtype == x.dtype, || {
                format!("the bias {b} does not fit the weight {w}")
            })?;
        }
        Ok(vec![with_last(x, w.shape[out])])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        use Placement::{Partial, Replicate, Shard};
        let (out, inp) = weight_dims(call.flag("transposed"));
        let contracted = call.input(0)?.rank() as u32 - 1;
        let bias = inputs.get(2).copied();
        let result = match (inputs[0], inputs[1]) {
            (Replicate, Replicate) => Replicate,
            (Shard(d), Replicate) if d < contracted => Shard(d),
            (Replicate, Shard(d)) if d as usize == out => Shard(contracted),
            (Shard(c), Shard(d)) if c == contracted && d as usize == inp => Partial,
            (Partial, Replicate) => Partial,
            (x, w) => {
                return Err(format!("cannot multiply an operand placed {x:?} by a weight placed {w:?}"));
            }
        };
        let fits = match (bias, result) {
            (None, _) => true,
            (Some(Shard(0)), Shard(d)) => d == contracted,
            (Some(Replicate), Shard(d)) => d < contracted,
            (Some(Replicate), Replicate) => true,
            _ => false,
        };
        require(fits, || format!("a bias placed {bias:?} cannot be added to a product placed {result:?}"))?;
        Ok(vec![result])
    }

    fn flops(&self, call: &Call) -> u64 {
        let (x, y) = (&call.inputs[0], &call.outputs[0]);
        product_flops(rows(x), last(x), last(y))
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let (dy, x, w) = (cx.dy()?, cx.input(0), cx.input(1));
        let transposed = flag(&cx.node.attrs, "transposed");
        // The weight's gradient first: it ends in an accumulator, and then `x` is free.
        let dw = match cx.wants(1) {
            true => Some(cx.apply1(&LinearGradWeight, orientation(transposed), &[dy, x], 1)?),
            false => None,
        };
        let db = match cx.wants(2) {
            true => {
                let name = format!("{}.grad", cx.graph.value(cx.input(2)).name);
                Some(sum_leading::sum_leading(cx.graph, &name, dy, 1)?)
            }
            false => None,
        };
        let dx = match cx.wants(0) {
            true => Some(cx.apply1(&Linear, orientation(!transposed), &[dy, w], 0)?),
            false => None,
        };
        Ok([dx, dw].into_iter().chain((cx.node.inputs.len() > 2).then_some(db)).collect())
    }
}

fn weight_gradient(call: &Call, dy: usize, x: usize) -> Result<TensorType, String> {
    let (dy, x) = (call.input(dy)?, call.input(x)?);
    let same_rows = dy.shape[..dy.rank().saturating_sub(1)] == x.shape[..x.rank().saturating_sub(1)];
    require(same_rows && dy.dtype == x.dtype, || format!("{dy} and {x} have different rows"))?;
    let shape = if call.flag("transposed") { [last(x), last(dy)] } else { [last(dy), last(x)] };
    Ok(TensorType::new(x.dtype, shape))
}

fn weight_gradient_placement(call: &Call, dy: (usize, Placement), x: Placement) -> Result<Placement, String> {
    use Placement::{Partial, Replicate, Shard};
    let (out, inp) = weight_dims(call.flag("transposed"));
    let contracted = call.input(dy.0)?.rank() as u32 - 1;
    match (dy.1, x) {
        (Replicate, Replicate) => Ok(Replicate),
        (Shard(d), Replicate) if d == contracted => Ok(Shard(out as u32)),
        (Replicate, Shard(d)) if d == contracted => Ok(Shard(inp as u32)),
        (Shard(d), Shard(e)) if d == e && d < contracted => Ok(Partial),
        (p, q) => Err(format!("cannot multiply a gradient placed {p:?} by an operand placed {q:?}")),
    }
}

impl Operation for LinearGradWeight {
    fn name(&self) -> &'static str {
        "linear_grad_weight"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=2)?;
        Ok(vec![weight_gradient(call, 0, 1)?])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        Ok(vec![weight_gradient_placement(call, (0, inputs[0]), inputs[1])?])
    }

    fn flops(&self, call: &Call) -> u64 {
        product_flops(rows(call.inputs[0]), last(call.inputs[0]), last(call.inputs[1]))
    }

    fn accumulating(&self) -> Option<&'static dyn Operation> {
        Some(&LinearGradWeightAccumulate)
    }
}

impl Operation for LinearGradWeightAccumulate {
    fn name(&self) -> &'static str {
        "linear_grad_weight_accumulate"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(3..=3)?;
        let (acc, dw) = (call.input(0)?, weight_gradient(call, 1, 2)?);
        require(accumulates(acc, &dw), || format!("cannot add {dw} to {acc}"))?;
        Ok(vec![])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        let dw = weight_gradient_placement(call, (1, inputs[1]), inputs[2])?;
        require(inputs[0] == dw, || format!("the accumulator is {:?}, the gradient {dw:?}", inputs[0]))?;
        Ok(vec![])
    }

    fn flops(&self, call: &Call) -> u64 {
        product_flops(rows(call.inputs[1]), last(call.inputs[1]), last(call.inputs[2]))
    }

    fn writes(&self, _inputs: usize, _attrs: &Attrs) -> Vec<usize> {
        vec![0]
    }
}
