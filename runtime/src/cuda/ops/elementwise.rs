//! Operations on single elements.

use super::{Call, Lower, aligned, contiguous, lanes, length, op, suffix};
use crate::cuda::Launch;
use regimen_base::Diagnostic;
use tch::Tensor;

pub(super) const ALL: &[Lower] = &[
    op("accumulate", accumulate),
    op("add", |cx| binary(cx, "add")),
    op("multiply", |cx| binary(cx, "multiply")),
    op("gelu", |cx| unary_into(cx, "gelu", cx.output(0)?, cx.input(0)?)),
    op("gelu_erf", |cx| unary_into(cx, "gelu_erf", cx.output(0)?, cx.input(0)?)),
    op("gelu_erf_grad", |cx| binary(cx, "gelu_erf_grad")),
    op("gelu_grad", |cx| binary(cx, "gelu_grad")),
    op("tanh", |cx| unary_into(cx, "tanh", cx.output(0)?, cx.input(0)?)),
    op("tanh_grad", |cx| binary(cx, "tanh_grad")),
    op("swiglu", |cx| binary(cx, "swiglu")),
    op("swiglu_grad", swiglu_grad),
    op("scale", scale),
    op("fill", |cx| fill(cx, cx.output(0)?, cx.float("value")?)),
    op("init_fill", |cx| fill(cx, cx.input(0)?, cx.float("value")?)),
    op("zero", zero),
];

const THREADS: i64 = 256;
/// Enough blocks to keep any card busy; each walks on from there.
const BLOCKS: i64 = 132 * 16;

/// With a thread for `each` elements.
pub(super) fn over<'a>(launch: Launch<'a>, elements: i64, each: i64) -> Launch<'a> {
    launch.threads(THREADS).grid((elements + each * THREADS - 1).div_euclid(each * THREADS).min(BLOCKS), 1)
}

/// Packs of 16 bytes, if all operands allow it.
fn wide(tensors: &[&Tensor], tail: i64) -> bool {
    aligned(tensors) && tensors.first().is_some_and(|first| tail % lanes(first) == 0)
}

/// y = op(a, b); b may be shorter and repeats.
pub(super) fn binary_into(
    cx: &Call,
    name: &str,
    y: &Tensor,
    a: &Tensor,
    b: &Tensor,
) -> Result<(), Diagnostic> {
    contiguous(cx, &[y, a, b])?;
    let (n, tail, wide) = (length(y), length(b), wide(&[y, a, b], length(b)));
    let launch = cx.cuda()?.kernel("elementwise", format!("{name}_{}", cx.done(suffix(y))?));
    let launch = over(launch, n, if wide { lanes(y) } else { 1 });
    cx.done(launch.tensor(y).tensor(a).tensor(b).int(n).int(tail.max(1)).flag(wide).run())
}

fn binary(cx: &mut Call, name: &str) -> Result<(), Diagnostic> {
    binary_into(cx, name, cx.output(0)?, cx.input(0)?, cx.input(1)?)
}

fn swiglu_grad(cx: &mut Call) -> Result<(), Diagnostic> {
    let all = [cx.output(0)?, cx.output(1)?, cx.input(0)?, cx.input(1)?, cx.input(2)?];
    contiguous(cx, &all)?;
    let (n, wide) = (length(all[0]), wide(&all, 0));
    let launch = cx.cuda()?.kernel("elementwise", format!("swiglu_grad_{}", cx.done(suffix(all[0]))?));
    let launch = over(launch, n, if wide { lanes(all[0]) } else { 1 });
    cx.done(all.into_iter().fold(launch, |launch, tensor| launch.tensor(tensor)).int(n).flag(wide).run())
}

/// y = op(x)
pub(super) fn unary_into(cx: &Call, name: &str, y: &Tensor, x: &Tensor) -> Result<(), Diagnostic> {
    contiguous(cx, &[y, x])?;
    let (n, wide) = (length(y), wide(&[y, x], 0));
    let launch = cx.cuda()?.kernel("elementwise", format!("{name}_{}", cx.done(suffix(y))?));
    let launch = over(launch, n, if wide { lanes(y) } else { 1 });
    cx.done(launch.tensor(y).tensor(x).int(n).flag(wide).run())
}

fn scale(cx: &mut Call) -> Result<(), Diagnostic> {
    let (y, x, factor) = (cx.output(0)?, cx.input(0)?, cx.float("factor")?);
    contiguous(cx, &[y, x])?;
    let (n, wide) = (length(y), wide(&[y, x], 0));
    let launch = cx.cuda()?.kernel("elementwise", format!("scale_{}", cx.done(suffix(y))?));
    let launch = over(launch, n, if wide { lanes(y) } else { 1 });
    cx.done(launch.tensor(y).tensor(x).int(n).float(factor).flag(wide).run())
}

/// Every element becomes one value.
pub(super) fn fill(cx: &Call, y: &Tensor, value: f64) -> Result<(), Diagnostic> {
    contiguous(cx, &[y])?;
    let launch = cx.cuda()?.kernel("elementwise", format!("fill_{}", cx.done(suffix(y))?));
    cx.done(over(launch, length(y), 1).tensor(y).int(length(y)).float(value).run())
}

/// Every operand becomes zero.
fn zero(cx: &mut Call) -> Result<(), Diagnostic> {
    for i in 0..cx.inputs() {
        let x = cx.input(i)?;
        contiguous(cx, &[x])?;
        let bytes = x.numel() * x.kind().elt_size_in_bytes();
        cx.done(cx.cuda()?.clear(crate::cuda::address(x), bytes))?;
    }
    Ok(())
}

fn accumulate(cx: &mut Call) -> Result<(), Diagnostic> {
    let (acc, x) = (cx.input(0)?, cx.input(1)?);
    contiguous(cx, &[acc, x])?;
    let name = format!("accumulate_{}_{}", cx.done(suffix(acc))?, cx.done(suffix(x))?);
    let launch = over(cx.cuda()?.kernel("elementwise", name), length(acc), 1);
    cx.done(launch.tensor(acc).tensor(x).int(length(acc)).run())
}
