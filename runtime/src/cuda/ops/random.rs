//! Dropout, draws and initialisation: the same numbers as on a CPU.

use super::elementwise::over;
use super::{Call, Lower, contiguous, last, length, op, suffix};
use regimen_base::Diagnostic;

pub(super) const ALL: &[Lower] =
    &[op("dropout", dropout), op("init_normal", init_normal), op("replace_tokens", replace_tokens)];

fn dropout(cx: &mut Call) -> Result<(), Diagnostic> {
    let (y, x, samples, step) = (cx.output(0)?, cx.input(0)?, cx.input(1)?, cx.input(2)?);
    contiguous(cx, &[y, x])?;
    let rows = length(samples).max(1);
    let per_sample = length(x) / rows;
    let launch = cx.cuda()?.kernel("random", format!("dropout_{}", cx.done(suffix(x))?));
    let launch =
        over(launch, rows * ((per_sample + 3) / 4), 1).tensor(y).tensor(x).tensor(samples).tensor(step);
    let launch = launch.int(rows).int(per_sample).int(cx.int("key")?).int(cx.int("site")?);
    cx.done(launch.float(cx.float("rate")?).run())
}

fn init_normal(cx: &mut Call) -> Result<(), Diagnostic> {
    let y = cx.input(0)?;
    contiguous(cx, &[y])?;
    let launch = cx.cuda()?.kernel("random", format!("init_normal_{}", cx.done(suffix(y))?));
    let launch = over(launch, length(y).div_euclid(4) + 1, 1).tensor(y).int(length(y));
    let launch = launch.int(cx.int("key")?).int(cx.int("site")?);
    cx.done(launch.float(cx.float("mean")?).float(cx.float("std")?).run())
}

fn replace_tokens(cx: &mut Call) -> Result<(), Diagnostic> {
    let (replaced, targets, logits) = (cx.output(0)?, cx.output(1)?, cx.input(0)?);
    let (tokens, labels, samples, step) = (cx.input(1)?, cx.input(2)?, cx.input(3)?, cx.input(4)?);
    contiguous(cx, &[replaced, targets, logits, tokens, labels])?;
    let (positions, length) = (length(tokens), last(tokens));
    let launch = cx.cuda()?.kernel("random", format!("replace_tokens_{}", cx.done(suffix(logits))?));
    let launch = launch.threads(256).grid(positions, 1).tensor(replaced).tensor(targets).tensor(logits);
    let launch = launch.tensor(tokens).tensor(labels).tensor(samples).tensor(step);
    cx.done(launch.int(length).int(last(logits)).int(cx.int("key")?).int(cx.int("site")?).run())
}
