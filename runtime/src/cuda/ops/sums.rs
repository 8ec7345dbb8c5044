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
    finish(cx, &[(y, crate::cuda::address(&partial))], stripes, columns, accumulate)
}

/// Threads of a block and blocks beside each other, a thread for `each` columns: as even as warps allow.
fn across(columns: i64, each: i64) -> (i64, i64) {
    let packs = (columns + each - 1) / each;
    let blocks = (packs + 255) / 256;
    ((packs + 32 * blocks - 1).div_euclid(32 * blocks.max(1)).max(1) * 32, blocks)
}

/// Sums that one kernel can finish.
const SUMS: usize = 3;

/// y (+)= the sum of the stripes, in their order, for each y and the address of its partial sums: one row for each stripe.
pub(super) fn finish(
    cx: &Call,
    sums: &[(&Tensor, u64)],
    stripes: i64,
    columns: i64,
    accumulate: bool,
) -> Result<(), Diagnostic> {
    let Some((first, _)) = sums.first() else { return Ok(()) };
    if sums.len() > SUMS || sums.iter().any(|(y, _)| y.kind() != first.kind()) {
        return Err(cx.malformed("sums up too many tensors at once, or of different types"));
    }
    let mut words = [0u64; 2 * SUMS];
    for (i, (y, partial)) in sums.iter().enumerate() {
        words[i] = crate::cuda::address(y);
        words[SUMS + i] = *partial;
    }
    let launch = cx.cuda()?.kernel("sums", format!("finish_sum_{}", cx.done(suffix(first))?));
    let launch = launch.threads(1024).grid((columns + 31) / 32, signed(sums.len() as u64));
    cx.done(launch.value(&words).int(stripes).int(columns).flag(accumulate).run())
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
    finish(cx, &[(acc, crate::cuda::address(&partial))], stripes, columns, true)
}

#[cfg(test)]
mod tests {
    use super::across;

    #[test]
    fn blocks_beside_each_other_share_the_columns_evenly() {
        assert_eq!(
            [8, 768, 2304, 3072].map(|columns| across(columns, 8)),
            [(32, 1), (96, 1), (160, 2), (192, 2)]
        );
        assert_eq!(across(1, 1), (32, 1));
    }
}
