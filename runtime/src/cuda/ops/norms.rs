//! Layer norm and RMS norm, the sum with a residual before it, and their gradients.

use super::sums::finish;
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

/// A kernel that takes rows of any length, from any address.
const ANY: (&str, i64) = ("any", 256);

/// Whether rows can be taken in packs of so many elements.
fn packed(columns: i64, lanes: i64, tensors: &[&Tensor]) -> bool {
    tensors.first().is_some_and(|first| first.kind() != Kind::Double)
        && columns % lanes == 0
        && aligned(tensors)
}

/// Which kernel takes rows of so many packs, a block a row, and with how many threads: each takes `1`, `2` or `4` packs, and each of
/// the three kernels has as many threads at most.
fn by_blocks(packs: i64, most: [i64; 3]) -> (&'static str, i64) {
    for ((name, each), most) in [("1", 1), ("2", 2), ("4", 4)].into_iter().zip(most) {
        let threads = (packs + 32 * each - 1).div_euclid(32 * each) * 32;
        if threads <= most {
            return (name, threads.max(32));
        }
    }
    ANY
}

/// The gradient's kernel: a warp a row where rows are of a length that one is made for.
fn gradient_kernel(columns: i64, tensors: &[&Tensor]) -> (String, i64) {
    let lanes = signed(gpu::NORM_LANES);
    let whole = packed(columns, tensors.first().map_or(1, |first| super::lanes(first)), tensors);
    if whole && gpu::NORM_WARP_ROWS.iter().any(|(length, _)| signed(*length) == columns) {
        return (format!("of_{columns}"), 128);
    }
    let (name, threads) =
        if packed(columns, lanes, tensors) { by_blocks(columns / lanes, [1024; 3]) } else { ANY };
    (name.to_owned(), threads)
}

/// 0 where no mean is taken away.
fn centre(cx: &Call) -> f64 {
    if cx.marked("rms") { 0.0 } else { 1.0 }
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
    let (variant, threads) = match packed(columns, lanes(a), &operands) {
        true => by_blocks(columns / lanes(a), [256, 512, 1024]),
        false => ANY,
    };
    let name =
        format!("{}layer_norm_{variant}_{}", if residual { "residual_" } else { "" }, cx.done(suffix(a))?);
    let launch =
        cx.cuda()?.kernel("norms", name).threads(threads).grid(length(a) / columns.max(1), 1).tensor(a);
    let launch = if residual { launch.tensor(cx.input(1)?) } else { launch };
    let launch = launch.tensor(gain).optional(bias);
    let launch = if residual { launch.tensor(cx.output(0)?) } else { launch };
    cx.done(
        launch
            .tensor(y)
            .tensor(mean)
            .tensor(rstd)
            .int(columns)
            .float(cx.float("eps")?)
            .float(centre(cx))
            .run(),
    )
}

/// What both gradients have in common.
struct Gradient<'a> {
    dx: &'a Tensor,
    /// Where sums over rows go: of the gradients of gain and bias, and of dx.
    sums: [Option<&'a Tensor>; 3],
    /// dy, x, mean, rstd, gain.
    operands: [&'a Tensor; 5],
    residual: Option<&'a Tensor>,
    accumulate: bool,
}

fn plain_gradient(cx: &mut Call) -> Result<(), Diagnostic> {
    let operands = [cx.input(0)?, cx.input(1)?, cx.input(2)?, cx.input(3)?, cx.input(4)?];
    let (dx, sums) = (cx.output(0)?, [Some(cx.output(1)?), cx.optional_output(2), None]);
    gradient(cx, &Gradient { dx, sums, operands, residual: None, accumulate: false })
}

fn residual_gradient(cx: &mut Call) -> Result<(), Diagnostic> {
    let (bias, out) = (cx.flag("bias")?, cx.flag("sum")?);
    let first = 1 + usize::from(bias) + usize::from(out);
    let operand = |i: usize| cx.input(first + i);
    let operands = [operand(0)?, operand(1)?, operand(2)?, operand(3)?, operand(4)?];
    let residual = if cx.flag("residual")? { Some(operand(5)?) } else { None };
    let sums = [
        Some(cx.input(0)?),
        if bias { Some(cx.input(1)?) } else { None },
        if out { Some(cx.input(first - 1)?) } else { None },
    ];
    gradient(cx, &Gradient { dx: cx.output(0)?, sums, operands, residual, accumulate: true })
}

fn gradient(cx: &Call, g: &Gradient) -> Result<(), Diagnostic> {
    let [dy, x, mean, rstd, gain] = g.operands;
    let mut operands = vec![x, dy, gain, g.dx];
    operands.extend(g.residual);
    contiguous(cx, &operands)?;
    let columns = last(x).max(1);
    let rows = length(x) / columns;
    let stripes = signed(gpu::norm_stripes(unsigned(rows), unsigned(columns)));
    let part = stripes * columns * compute_bytes(x);
    let partial = cx.done(cx.cuda()?.scratch(part * signed(g.sums.iter().flatten().count() as u64)))?;
    // One after another, where there is a sum; null where there is none.
    let mut next = crate::cuda::address(&partial);
    let places = g.sums.map(|sum| {
        let place = if sum.is_some() { next } else { 0 };
        next += if sum.is_some() { unsigned(part) } else { 0 };
        place
    });
    let (variant, threads) = gradient_kernel(columns, &operands);
    let name = format!("layer_norm_grad_{variant}_{}", cx.done(suffix(x))?);
    let launch = cx.cuda()?.kernel("norms", name).threads(threads).grid(stripes, 1);
    let launch = launch.tensor(dy).tensor(x).tensor(mean).tensor(rstd).tensor(gain).optional(g.residual);
    cx.done(launch.tensor(g.dx).value(&places).int(rows).int(columns).float(centre(cx)).run())?;
    let sums: Vec<(&Tensor, u64)> =
        g.sums.iter().zip(places).filter_map(|(sum, place)| Some(((*sum)?, place))).collect();
    finish(cx, &sums, stripes, columns, g.accumulate)
}
