//! Layer norm, its sum with a residual before it, and their gradients.

use super::sums::{Partial, finish};
use super::{
    Call, Lower, aligned, compute_bytes, contiguous, lanes, last, length, op, signed, suffix, unsigned,
};
use regimen_base::{Diagnostic, gpu};
use tch::{Kind, Tensor};

pub(super) const ALL: &[Lower] = &[
    op("layer_norm", |cx| forward(cx, false)),
    op("layer_norm_grad", plain_gradient),
    op("residual_layer_norm", |cx| forward(cx, true)),
    op("residual_layer_norm_grad_accumulate", residual_gradient),
];

/// Which kernel takes rows of this length, and with how many threads: `1`, `2` or `4` packs of 16 bytes a thread, or `any`.
fn variant(columns: i64, tensors: &[&Tensor]) -> (&'static str, i64) {
    let Some(first) = tensors.first() else { return ("any", 256) };
    let lanes = lanes(first);
    if first.kind() == Kind::Double || columns % lanes != 0 || !aligned(tensors) {
        return ("any", 256);
    }
    let packs = columns / lanes;
    for (name, each, most) in [("1", 1, 256), ("2", 2, 512), ("4", 4, 1024)] {
        let threads = (packs + 32 * each - 1).div_euclid(32 * each) * 32;
        if threads <= most {
            return (name, threads.max(32));
        }
    }
    ("any", 256)
}

fn forward(cx: &Call, residual: bool) -> Result<(), Diagnostic> {
    let first = usize::from(residual);
    let (a, gain, bias) = (cx.input(0)?, cx.input(1 + first)?, cx.optional_input(2 + first)?);
    let (y, mean, rstd) = (cx.output(first)?, cx.output(first + 1)?, cx.output(first + 2)?);
    let mut operands = vec![a, gain, y];
    operands.extend(bias);
    if residual {
        operands.extend([cx.input(1)?, cx.output(0)?]);
    }
    contiguous(cx, &operands)?;
    let columns = last(a);
    let (variant, threads) = variant(columns, &operands);
    let name =
        format!("{}layer_norm_{variant}_{}", if residual { "residual_" } else { "" }, cx.done(suffix(a))?);
    let launch =
        cx.cuda()?.kernel("norms", name).threads(threads).grid(length(a) / columns.max(1), 1).tensor(a);
    let launch = if residual { launch.tensor(cx.input(1)?) } else { launch };
    let launch = launch.tensor(gain).optional(bias);
    let launch = if residual { launch.tensor(cx.output(0)?) } else { launch };
    cx.done(launch.tensor(y).tensor(mean).tensor(rstd).int(columns).float(cx.float("eps")?).run())
}

/// What both gradients have in common.
struct Gradient<'a> {
    dx: &'a Tensor,
    dgain: &'a Tensor,
    dbias: Option<&'a Tensor>,
    /// dy, x, mean, rstd, gain.
    operands: [&'a Tensor; 5],
    residual: Option<&'a Tensor>,
    accumulate: bool,
}

fn plain_gradient(cx: &mut Call) -> Result<(), Diagnostic> {
    let operands = [cx.input(0)?, cx.input(1)?, cx.input(2)?, cx.input(3)?, cx.input(4)?];
    let (dx, dgain, dbias) = (cx.output(0)?, cx.output(1)?, cx.optional_output(2));
    gradient(cx, &Gradient { dx, dgain, dbias, operands, residual: None, accumulate: false })
}

fn residual_gradient(cx: &mut Call) -> Result<(), Diagnostic> {
    let first = 1 + usize::from(cx.flag("bias")?);
    let operand = |i: usize| cx.input(first + i);
    let operands = [operand(0)?, operand(1)?, operand(2)?, operand(3)?, operand(4)?];
    let residual = if cx.flag("residual")? { Some(operand(5)?) } else { None };
    let dbias = if first == 2 { Some(cx.input(1)?) } else { None };
    let (dx, dgain) = (cx.output(0)?, cx.input(0)?);
    gradient(cx, &Gradient { dx, dgain, dbias, operands, residual, accumulate: true })
}

fn gradient(cx: &Call, g: &Gradient) -> Result<(), Diagnostic> {
    let [dy, x, mean, rstd, gain] = g.operands;
    let mut operands = vec![x, dy, gain, g.dx];
    operands.extend(g.residual);
    contiguous(cx, &operands)?;
    let columns = last(x).max(1);
    let rows = length(x) / columns;
    let stripes = signed(gpu::stripes(unsigned(rows), unsigned(columns)));
    let part = stripes * columns * compute_bytes(x);
    let partial = cx.done(cx.cuda()?.scratch(part * if g.dbias.is_some() { 2 } else { 1 }))?;
    let gains = crate::cuda::address(&partial);
    let biases = if g.dbias.is_some() { gains + unsigned(part) } else { 0 };
    let (variant, threads) = variant(columns, &operands);
    let name = format!("layer_norm_grad_{variant}_{}", cx.done(suffix(x))?);
    let launch = cx.cuda()?.kernel("norms", name).threads(threads).grid(stripes, 1);
    let launch = launch.tensor(dy).tensor(x).tensor(mean).tensor(rstd).tensor(gain).optional(g.residual);
    cx.done(launch.tensor(g.dx).word(gains).word(biases).int(rows).int(columns).run())?;
    finish(cx, g.dgain, Partial { sums: gains, stripes, columns }, g.accumulate)?;
    match g.dbias {
        Some(dbias) => finish(cx, dbias, Partial { sums: biases, stripes, columns }, g.accumulate),
        None => Ok(()),
    }
}
