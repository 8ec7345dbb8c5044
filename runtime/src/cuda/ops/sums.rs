//! Sums over rows.

use super::{Call, Lower, aligned, compute_bytes, contiguous, lanes, length, op, signed, suffix, unsigned};
use regimen_base::{Diagnostic, gpu};
use tch::Tensor;

pub(super) const ALL: &[Lower] = &[
    op("sum_leading", |cx| sum(cx, cx.output(0)?, cx.input(0)?, false)),
    op("sum_leading_accumulate", |cx| sum(cx, cx.input(0)?, cx.input(1)?, true)),
    op("concat_sum_accumulate", concat_sum),
];

/// Parts that one kernel puts together.
const PARTS: usize = 8;

/// acc += Σ rows of x
pub(super) fn add_column_sums(cx: &Call, acc: &Tensor, x: &Tensor) -> Result<(), Diagnostic> {
    sum(cx, acc, x, true)
}

/// y (+)= Σ x over everything before y's dimensions.
fn sum(cx: &Call, y: &Tensor, x: &Tensor, accumulate: bool) -> Result<(), Diagnostic> {
    contiguous(cx, &[y, x])?;
    let columns = length(y).max(1);
    let rows = length(x) / columns;
    let stripes = signed(gpu::stripes(unsigned(rows), unsigned(columns)));
    let partial = cx.done(cx.cuda()?.scratch(stripes * columns * compute_bytes(x)))?;
    let wide = aligned(&[x]) && columns % lanes(x) == 0;
    let (threads, blocks) = across(columns, if wide { lanes(x) } else { 1 });
    let name = format!("sum_rows{}_{}", if wide { "" } else { "_any" }, cx.done(suffix(x))?);
    let launch = cx.cuda()?.kernel("sums", name).threads(threads).grid(blocks, stripes);
    cx.done(launch.tensor(x).tensor(&partial).int(rows).int(columns).run())?;
    finish(cx, y, Partial { sums: crate::cuda::address(&partial), stripes, columns }, accumulate)
}

/// Threads of a block and blocks beside each other, a thread for `each` columns.
fn across(columns: i64, each: i64) -> (i64, i64) {
    let packs = (columns + each - 1) / each;
    let threads = (packs + 31).div_euclid(32).min(8) * 32;
    (threads, (packs + threads - 1) / threads)
}

/// Partial sums: one row for each stripe.
pub(super) struct Partial {
    pub(super) sums: u64,
    pub(super) stripes: i64,
    pub(super) columns: i64,
}

/// y (+)= the sum of the stripes, in their order.
pub(super) fn finish(cx: &Call, y: &Tensor, partial: Partial, accumulate: bool) -> Result<(), Diagnostic> {
    let warps = partial.stripes.clamp(1, 32);
    let launch = cx.cuda()?.kernel("sums", format!("finish_sum_{}", cx.done(suffix(y))?));
    let launch = launch.threads(32 * warps).grid((partial.columns + 31) / 32, 1).tensor(y).word(partial.sums);
    cx.done(launch.int(partial.stripes).int(partial.columns).flag(accumulate).run())
}

fn concat_sum(cx: &mut Call) -> Result<(), Diagnostic> {
    let (whole, acc, count) = (cx.output(0)?, cx.input(0)?, cx.inputs() - 1);
    let parts: Vec<&Tensor> = (1..=count).map(|i| cx.input(i)).collect::<Result<_, _>>()?;
    contiguous(cx, &parts)?;
    if count > PARTS {
        return Err(cx.malformed("puts more than eight parts together"));
    }
    let mut words = [0u64; 2 * PARTS];
    for (i, part) in parts.iter().enumerate() {
        words[i] = crate::cuda::address(part);
        words[PARTS + i] = unsigned(super::last(part));
    }
    let columns = super::last(whole).max(1);
    let rows = length(whole) / columns;
    let stripes = signed(gpu::stripes(unsigned(rows), unsigned(columns)));
    let partial = cx.done(cx.cuda()?.scratch(stripes * columns * compute_bytes(whole)))?;
    let lanes = lanes(whole);
    let wide = aligned(&parts) && parts.iter().all(|part| super::last(part) % lanes == 0);
    let (threads, blocks) = across(columns, if wide { lanes } else { 1 });
    let name = format!("pack_parts{}_{}", if wide { "" } else { "_any" }, cx.done(suffix(whole))?);
    let launch = cx.cuda()?.kernel("sums", name).threads(threads).grid(blocks, stripes).value(&words);
    cx.done(launch.int(signed(count as u64)).tensor(whole).tensor(&partial).int(rows).int(columns).run())?;
    finish(cx, acc, Partial { sums: crate::cuda::address(&partial), stripes, columns }, true)
}
