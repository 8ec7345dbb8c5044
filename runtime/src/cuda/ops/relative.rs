//! Scores of relative positions, and numbers that are in the plan.

use super::elementwise::over;
use super::{Call, Lower, contiguous, last, length, op, suffix};
use regimen_base::Diagnostic;
use tch::Tensor;

pub(super) const ALL: &[Lower] = &[
    op("constant", constant),
    op("relative_scores", relative_scores),
    op("relative_scores_grad", relative_scores_grad),
];

fn constant(cx: &mut Call) -> Result<(), Diagnostic> {
    let (y, values) = (cx.output(0)?, cx.ints("values")?);
    contiguous(cx, &[y])?;
    if i64::try_from(values.len()) != Ok(length(y)) {
        return Err(cx.malformed(&format!("has {} numbers for {} elements", values.len(), length(y))));
    }
    let words = cx.done(cx.cuda()?.table(values.iter().map(|n| n.cast_unsigned()).collect()))?;
    let launch = cx.cuda()?.kernel("relative", "constant_i64".to_owned());
    let launch = launch.threads(256).grid((length(y) + 255).div_euclid(256), 1);
    cx.done(launch.tensor(y).word(words).int(length(y)).run())
}

/// B, H and T of scores `[B, H, T, T]`, if there are `2·T − 1` rows.
fn sizes(cx: &Call, scores: &Tensor, rows: &Tensor) -> Result<[i64; 3], Diagnostic> {
    match scores.size()[..] {
        [b, h, t, s] if t == s && length(rows) == 2 * t - 1 => Ok([b, h, t]),
        _ => Err(cx.malformed("needs scores [B, H, T, T] and 2·T − 1 rows")),
    }
}

fn relative_scores(cx: &mut Call) -> Result<(), Diagnostic> {
    let (y, content, rows) = (cx.output(0)?, cx.input(0)?, cx.input(3)?);
    let (c2p, p2c) = (cx.input(1)?, cx.input(2)?);
    contiguous(cx, &[y, content, c2p, p2c, rows])?;
    let [b, h, t] = sizes(cx, content, rows)?;
    let launch = cx.cuda()?.kernel("relative", format!("relative_scores_{}", cx.done(suffix(y))?));
    let launch = over(launch, length(y), 1).tensor(y).tensor(content).tensor(c2p).tensor(p2c).tensor(rows);
    cx.done(launch.int(length(y)).int(b).int(h).int(t).int(last(c2p)).run())
}

fn relative_scores_grad(cx: &mut Call) -> Result<(), Diagnostic> {
    let (dc2p, dp2c) = (cx.output(0)?, cx.output(1)?);
    let (dy, rows) = (cx.input(0)?, cx.input(1)?);
    contiguous(cx, &[dc2p, dp2c, dy, rows])?;
    let [b, h, t] = sizes(cx, dy, rows)?;
    let launch = cx.cuda()?.kernel("relative", format!("relative_scores_grad_{}", cx.done(suffix(dy))?));
    let launch = over(launch, length(dc2p), 1).tensor(dc2p).tensor(dp2c).tensor(dy).tensor(rows);
    cx.done(launch.int(length(dc2p)).int(b).int(h).int(t).int(last(dc2p)).run())
}
