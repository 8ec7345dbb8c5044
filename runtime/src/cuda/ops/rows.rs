//! Rows looked up by ids, and gradients added to them.

use super::elementwise::fill;
use super::{Call, Lower, contiguous, last, length, op, suffix};
use regimen_base::Diagnostic;
use tch::{Kind, Tensor};

pub(super) const ALL: &[Lower] = &[
    op("embedding", embedding),
    op("embedding_grad", |cx| {
        fill(cx, cx.output(0)?, 0.0)?;
        scatter(cx, cx.output(0)?, 0)
    }),
    op("embedding_grad_accumulate", |cx| scatter(cx, cx.input(0)?, 1)),
    op("select_row", select_row),
];

fn threads(columns: i64) -> i64 {
    ((columns + 31) / 32 * 32).clamp(32, 256)
}

fn embedding(cx: &mut Call) -> Result<(), Diagnostic> {
    let (y, table, ids) = (cx.output(0)?, cx.input(0)?, cx.input(1)?);
    contiguous(cx, &[y, table, ids])?;
    let columns = last(table);
    let launch = cx.cuda()?.kernel("rows", format!("embedding_{}", cx.done(suffix(table))?));
    let launch = launch.threads(threads(columns)).grid(length(ids), 1).tensor(y).tensor(table).tensor(ids);
    cx.done(launch.int(columns).int(length(table) / columns.max(1)).word(cx.cuda()?.bad()).run())
}

/// acc[ids] += dy; dy and ids are operands `first` and the next.
fn scatter(cx: &Call, acc: &Tensor, first: usize) -> Result<(), Diagnostic> {
    let (dy, ids) = (cx.input(first)?, cx.input(first + 1)?);
    contiguous(cx, &[acc, dy, ids])?;
    let ordered = cx.flag("deterministic")? || acc.kind() == Kind::BFloat16;
    let (columns, n) = (last(acc), length(ids));
    let how = if ordered { "ordered" } else { "atomic" };
    let name = format!("scatter_{how}_{}_{}", cx.done(suffix(acc))?, cx.done(suffix(dy))?);
    let launch =
        cx.cuda()?.kernel("rows", name).threads(if ordered { 256 } else { threads(columns) }).grid(n, 1);
    let rows = length(acc) / columns.max(1);
    let launch = launch.tensor(acc).tensor(dy).tensor(ids).int(rows).int(columns);
    cx.done(if ordered { launch.int(n).run() } else { launch.run() })
}

fn select_row(cx: &mut Call) -> Result<(), Diagnostic> {
    let (y, x, index) = (cx.output(0)?, cx.input(0)?, cx.input(1)?);
    contiguous(cx, &[y, x, index])?;
    let sizes = x.size();
    let [_, rows, columns] = sizes[..] else { return Err(cx.malformed("needs samples of rows")) };
    let launch = cx.cuda()?.kernel("rows", format!("select_row_{}", cx.done(suffix(x))?));
    let launch = launch.threads(threads(columns)).grid(length(index), 1).tensor(y).tensor(x).tensor(index);
    cx.done(launch.int(rows).int(columns).word(cx.cuda()?.bad()).run())
}
