//! Heads turned by their positions, repeated, and summed over groups.

use super::elementwise::over;
use super::{Call, Lower, aligned, contiguous, lanes, last, length, op, suffix};
use regimen_base::Diagnostic;

pub(super) const ALL: &[Lower] = &[
    op("repeat_heads", |cx| groups(cx, "repeat_heads")),
    op("rotary", rotary),
    op("rotary_table", rotary_table),
    op("sum_heads", |cx| groups(cx, "sum_heads")),
];

fn rotary_table(cx: &mut Call) -> Result<(), Diagnostic> {
    let (table, frequencies) = (cx.output(0)?, cx.floats("frequencies")?);
    contiguous(cx, &[table])?;
    let half = last(table) / 2;
    if i64::try_from(frequencies.len()) != Ok(half) {
        return Err(cx.malformed(&format!("has {} frequencies for {half} angles", frequencies.len())));
    }
    let words = frequencies.iter().map(|frequency| frequency.to_bits()).collect();
    let words = cx.done(cx.cuda()?.table(words))?;
    let launch = cx.cuda()?.kernel("heads", format!("rotary_table_{}", cx.done(suffix(table))?));
    let launch = launch.threads(256).grid((length(table) / 2 + 255).div_euclid(256), 1).tensor(table);
    let launch = launch.optional(cx.optional_input(0)?);
    let launch = launch.int(length(table) / (2 * half).max(1)).int(half).word(words);
    cx.done(launch.float(cx.float("factor")?).run())
}

fn rotary(cx: &mut Call) -> Result<(), Diagnostic> {
    let (y, x, table) = (cx.output(0)?, cx.input(0)?, cx.input(1)?);
    contiguous(cx, &[y, x, table])?;
    let sizes = x.size();
    let [_, _, heads, size] = sizes[..] else { return Err(cx.malformed("needs heads [B, T, H, D]")) };
    let (n, half) = (length(x) / 2, size / 2);
    let wide = aligned(&[y, x]) && half % lanes(x) == 0;
    let way = if cx.marked("inverse") { -1.0 } else { 1.0 };
    let launch = cx.cuda()?.kernel("heads", format!("rotary_{}", cx.done(suffix(x))?));
    let launch = over(launch, n, if wide { lanes(x) } else { 1 }).tensor(y).tensor(x).tensor(table);
    // Tables of one sample serve all, and those of a batch each its own.
    let rows = length(table) / size.max(1);
    cx.done(launch.int(n).int(rows).int(heads).int(half).float(way).flag(wide).run())
}

fn groups(cx: &mut Call, name: &str) -> Result<(), Diagnostic> {
    let (y, x, times) = (cx.output(0)?, cx.input(0)?, cx.int("times")?);
    contiguous(cx, &[y, x])?;
    let (n, size) = (length(y), last(x));
    let wide = aligned(&[y, x]) && size % lanes(x) == 0;
    let launch = cx.cuda()?.kernel("heads", format!("{name}_{}", cx.done(suffix(x))?));
    let launch = over(launch, n, if wide { lanes(y) } else { 1 }).tensor(y).tensor(x);
    cx.done(launch.int(n).int(times.max(1)).int(size).flag(wide).run())
}
