//! `y = alpha · op(a) · op(b)` for every index of the leading dimensions.

use super::{Backward, Call, Operation, flag, require};
use crate::graph::{Graph, ShapeError, Value, attrs};
use regimen_base::program::{Attr, Attrs};
use regimen_base::tensor::{Placement, TensorType};

/// Operands (a, b), contiguous, with equal leading dimensions. With `ta` or `tb` the operand is stored
/// transposed in its last two dimensions.
#[derive(Debug)]
pub struct BatchMatmul;

/// How the operands of a [`BatchMatmul`] are stored, and the factor.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Form {
    pub ta: bool,
    pub tb: bool,
    pub alpha: f64,
}

/// Appends a batched matrix product.
///
/// # Errors
/// If the sizes do not fit.
pub fn batch_matmul(
    graph: &mut Graph,
    name: &str,
    a: Value,
    b: Value,
    form: Form,
) -> Result<Value, ShapeError> {
    graph.apply1(&BatchMatmul, name, form.attrs(), &[a, b])
}

impl Form {
    fn attrs(self) -> Attrs {
        attrs([("ta", Attr::Bool(self.ta)), ("tb", Attr::Bool(self.tb)), ("alpha", Attr::Float(self.alpha))])
    }

    fn of(node: &Attrs) -> Form {
        let alpha = match node.get("alpha") {
            Some(Attr::Float(alpha)) => *alpha,
            _ => 1.0,
        };
        Form { ta: flag(node, "ta"), tb: flag(node, "tb"), alpha }
    }
}

/// (rows, contracted, columns) of the product.
fn sizes(call: &Call) -> Result<(u64, u64, u64), String> {
    let (a, b) = (call.input(0)?, call.input(1)?);
    let form = Form::of(call.attrs);
    let n = a.rank();
    require(n >= 3 && n == b.rank() && a.shape[..n - 2] == b.shape[..n - 2] && a.dtype == b.dtype, || {
        format!("cannot multiply {a} by {b} batch by batch")
    })?;
    let (m, k) = if form.ta { (a.shape[n - 1], a.shape[n - 2]) } else { (a.shape[n - 2], a.shape[n - 1]) };
    let (l, c) = if form.tb { (b.shape[n - 1], b.shape[n - 2]) } else { (b.shape[n - 2], b.shape[n - 1]) };
    require(k == l, || format!("cannot multiply {a} by {b}: {k} columns meet {l} rows"))?;
    Ok((m, k, c))
}

impl Operation for BatchMatmul {
    fn name(&self) -> &'static str {
        "batch_matmul"
    }

    fn infer(&self, call: &Call) -> Result<Vec<TensorType>, String> {
        call.operands(2..=2)?;
        let (m, _, c) = sizes(call)?;
        let a = call.input(0)?;
        let mut shape = a.shape[..a.rank() - 2].to_vec();
        shape.extend([m, c]);
        Ok(vec![TensorType::new(a.dtype, shape)])
    }

    fn shard(&self, call: &Call, inputs: &[Placement]) -> Result<Vec<Placement>, String> {
        let batch = call.input(0)?.rank() as u32 - 2;
        let fits = inputs[0] == inputs[1]
            && match inputs[0] {
                Placement::Replicate => true,
                Placement::Shard(d) => d < batch,
                Placement::Partial => false,
            };
        require(fits, || format!("cannot multiply operands placed {inputs:?} batch by batch"))?;
        Ok(vec![inputs[0]])
    }

    fn flops(&self, call: &Call) -> u64 {
        let contracted = sizes(call).map_or(0, |(_, k, _)| k);
        2 * call.outputs[0].elements() * contracted
    }

    fn gradient(&self, cx: &mut Backward) -> Result<Vec<Option<Value>>, ShapeError> {
        let (dy, a, b) = (cx.dy()?, cx.input(0), cx.input(1));
        let Form { ta, tb, alpha } = Form::of(&cx.node.attrs);
        // With A = op(a), B = op(b): dA = dY·Bᵀ and dB = Aᵀ·dY, transposed back if stored so.
        let da = match cx.wants(0) {
            true if ta => {
                Some(cx.apply1(&BatchMatmul, Form { ta: tb, tb: true, alpha }.attrs(), &[b, dy], 0)?)
            }
            true => Some(cx.apply1(&BatchMatmul, Form { ta: false, tb: !tb, alpha }.attrs(), &[dy, b], 0)?),
            false => None,
        };
        let db = match cx.wants(1) {
            true if tb => {
                Some(cx.apply1(&BatchMatmul, Form { ta: true, tb: ta, alpha }.attrs(), &[dy, a], 1)?)
            }
            true => Some(cx.apply1(&BatchMatmul, Form { ta: !ta, tb: false, alpha }.attrs(), &[a, dy], 1)?),
            false => None,
        };
        Ok(vec![da, db])
    }
}
