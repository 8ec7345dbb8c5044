//! Softmax and cross-entropy.

use super::{Call, Lower, aligned, compute_bytes, contiguous, lanes, last, length, op, suffix};
use regimen_base::Diagnostic;
use tch::{Kind, Tensor};

pub(super) const ALL: &[Lower] = &[
    op("cross_entropy", |cx| cross_entropy(cx, false)),
    op("cross_entropy_fused", |cx| cross_entropy(cx, true)),
    op("cross_entropy_grad", cross_entropy_grad),
    op("segment_softmax", segment_softmax),
    op("softmax", softmax),
    op("softmax_grad", softmax_grad),
];

const THREADS: i64 = 512;
/// Shared memory that the kernels take besides a row.
const STATIC: i64 = 1024;

fn cross_entropy(cx: &Call, fused: bool) -> Result<(), Diagnostic> {
    let (logits, labels, divisor, loss) = (cx.input(0)?, cx.input(1)?, cx.input(2)?, cx.output(0)?);
    contiguous(cx, &[logits, labels])?;
    let (classes, rows) = (last(logits), length(labels));
    let each = cx.done(cx.cuda()?.scratch(rows * compute_bytes(logits)))?;
    let wide = aligned(&[logits]) && classes % lanes(logits) == 0;
    let row = classes * i64::try_from(logits.kind().elt_size_in_bytes()).unwrap_or(i64::MAX);
    let (variant, shared) = match (wide, fused && row <= cx.cuda()?.card().shared_bytes - STATIC) {
        (true, true) => ("_resident", row),
        (true, false) => ("", 0),
        _ => ("_any", 0),
    };
    let name =
        format!("cross_entropy{}{variant}_{}", if fused { "_fused" } else { "" }, cx.done(suffix(logits))?);
    let lse = if fused { None } else { Some(cx.output(1)?) };
    let launch = cx.cuda()?.kernel("losses", name).threads(THREADS).grid(rows, 1).shared(shared);
    let launch =
        launch.tensor(logits).tensor(labels).tensor(divisor).tensor(&each).optional(lse).int(classes);
    cx.done(launch.word(cx.cuda()?.bad()).run())?;
    let name = if logits.kind() == Kind::Double { "loss_sum_f64" } else { "loss_sum_f32" };
    let launch = cx.cuda()?.kernel("losses", name).threads(1024);
    cx.done(launch.tensor(loss).tensor(&each).tensor(divisor).int(rows).run())
}

fn cross_entropy_grad(cx: &mut Call) -> Result<(), Diagnostic> {
    let (dlogits, dloss, logits) = (cx.output(0)?, cx.input(0)?, cx.input(1)?);
    let (labels, divisor, lse) = (cx.input(2)?, cx.input(3)?, cx.input(4)?);
    contiguous(cx, &[dlogits, logits, labels])?;
    let launch = cx.cuda()?.kernel("losses", format!("cross_entropy_grad_{}", cx.done(suffix(logits))?));
    let launch =
        launch.threads(THREADS).grid(length(labels), 1).tensor(dlogits).tensor(logits).tensor(labels);
    cx.done(launch.tensor(dloss).tensor(divisor).tensor(lse).int(last(logits)).run())
}

/// A block for each row: no more threads than the row has elements.
fn row_threads(keys: i64) -> i64 {
    ((keys + 31) / 32 * 32).clamp(32, 256)
}

fn rows_of(x: &Tensor) -> i64 {
    length(x) / last(x).max(1)
}

fn softmax(cx: &mut Call) -> Result<(), Diagnostic> {
    let (p, x, causal) = (cx.output(0)?, cx.input(0)?, cx.flag("causal")?);
    contiguous(cx, &[p, x])?;
    let sizes = x.size();
    let queries = if sizes.len() > 1 { sizes[sizes.len() - 2] } else { 1 };
    let launch = cx.cuda()?.kernel("losses", format!("softmax_{}", cx.done(suffix(x))?));
    let launch = launch.threads(row_threads(last(x))).grid(rows_of(x), 1).tensor(p).tensor(x);
    cx.done(launch.int(queries).int(last(x)).flag(causal).float(cx.float("scale")?).run())
}

fn segment_softmax(cx: &mut Call) -> Result<(), Diagnostic> {
    let (p, x, segments, causal) = (cx.output(0)?, cx.input(0)?, cx.input(1)?, cx.flag("causal")?);
    contiguous(cx, &[p, x, segments])?;
    let [_, heads, queries, keys] = x.size()[..] else {
        return Err(cx.malformed("needs scores [B, H, T, T]"));
    };
    if queries != keys || length(segments) * heads * keys != length(x) {
        return Err(cx.malformed("needs scores [B, H, T, T] and segments [B, T]"));
    }
    let launch = cx.cuda()?.kernel("losses", format!("segment_softmax_{}", cx.done(suffix(x))?));
    let launch = launch.threads(row_threads(keys)).grid(rows_of(x), 1).tensor(p).tensor(x).tensor(segments);
    cx.done(launch.int(heads).int(keys).flag(causal).float(cx.float("scale")?).run())
}

fn softmax_grad(cx: &mut Call) -> Result<(), Diagnostic> {
    let (dx, dp, p) = (cx.output(0)?, cx.input(0)?, cx.input(1)?);
    contiguous(cx, &[dx, dp, p])?;
    let launch = cx.cuda()?.kernel("losses", format!("softmax_grad_{}", cx.done(suffix(p))?));
    let launch = launch.threads(row_threads(last(p))).grid(rows_of(p), 1).tensor(dx).tensor(dp).tensor(p);
    cx.done(launch.int(last(p)).float(cx.float("scale")?).run())
}
