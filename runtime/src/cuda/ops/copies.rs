//! Copies between layouts and types.

use super::elementwise::over;
use super::{Call, Lower, contiguous, length, op, suffix, unsigned};
use regimen_base::Diagnostic;
use tch::Tensor;

pub(super) const ALL: &[Lower] = &[
    op("assign", |cx| copy(cx, cx.input(0)?, cx.input(1)?, None)),
    op("cast", |cx| copy(cx, cx.output(0)?, cx.input(0)?, None)),
    op("contiguous", |cx| copy(cx, cx.output(0)?, cx.input(0)?, None)),
    op("concat", concat),
];

/// Dimensions that the kernel knows.
const RANK: usize = 6;

/// A part of `y`: where it begins, and its elements and those of the whole in all dimensions from the divided one on.
struct Part {
    first: i64,
    inner: i64,
    outer: i64,
}

fn copy(cx: &Call, y: &Tensor, x: &Tensor, part: Option<Part>) -> Result<(), Diagnostic> {
    contiguous(cx, &[y])?;
    let (sizes, strides, n) = (x.size(), x.stride(), length(x));
    if sizes.len() > RANK || n == 0 {
        return if n == 0 { Ok(()) } else { Err(cx.malformed("copies more than six dimensions")) };
    }
    let mut layout = [1u64; 2 * RANK];
    let skip = RANK - sizes.len();
    for (i, (size, stride)) in sizes.iter().zip(&strides).enumerate() {
        layout[skip + i] = unsigned(*size);
        layout[RANK + skip + i] = unsigned(*stride);
    }
    let part = part.unwrap_or(Part { first: 0, inner: n, outer: n });
    let width = i64::try_from(y.kind().elt_size_in_bytes()).unwrap_or(0);
    let to = crate::cuda::address(y) + unsigned(part.first * width);
    let name = format!("copy_{}_{}", cx.done(suffix(y))?, cx.done(suffix(x))?);
    let launch = over(cx.cuda()?.kernel("elementwise", name), n, 1);
    cx.done(launch.word(to).tensor(x).int(n).value(&layout).int(part.outer).int(part.inner).run())
}

fn concat(cx: &mut Call) -> Result<(), Diagnostic> {
    let (y, axis) = (cx.output(0)?, cx.count("dim")?);
    let inner = |t: &Tensor| t.size().iter().skip(axis).product::<i64>();
    let outer = inner(y);
    let mut first = 0;
    for i in 0..cx.inputs() {
        let x = cx.input(i)?;
        copy(cx, y, x, Some(Part { first, inner: inner(x), outer }))?;
        first += inner(x);
    }
    Ok(())
}
