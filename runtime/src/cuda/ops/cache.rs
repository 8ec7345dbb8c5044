//! Caches of keys and values.

use super::{Call, Lower, contiguous, length, op, suffix};
use regimen_base::Diagnostic;
use regimen_base::gpu::CACHED_HEAD;
use tch::Tensor;

pub(super) const ALL: &[Lower] = &[op("cache_write", write), op("cached_attention", attend)];

/// Threads of a block of attention: the kernel's warps.
const THREADS: i64 = 128;

/// Sizes and strides of heads [B, T, H, D], each head contiguous.
fn heads(cx: &Call, x: &Tensor) -> Result<([i64; 4], [i64; 3]), Diagnostic> {
    match (x.size().as_slice(), x.stride().as_slice()) {
        (&[b, t, h, d], &[s0, s1, s2, step]) if step == 1 || d == 1 => Ok(([b, t, h, d], [s0, s1, s2])),
        _ => Err(cx.malformed("needs heads [B, T, H, D], each contiguous")),
    }
}

fn write(cx: &mut Call) -> Result<(), Diagnostic> {
    let (cache, x, positions) = (cx.input(0)?, cx.input(1)?, cx.input(2)?);
    contiguous(cx, &[cache, positions])?;
    let ([_, t, h, d], [s0, s1, s2]) = heads(cx, x)?;
    let ([_, rows, ..], _) = heads(cx, cache)?;
    let launch = cx.cuda()?.kernel("cache", format!("cache_write_{}", cx.done(suffix(x))?));
    let launch = launch.threads((h * d).clamp(32, 256)).grid(length(positions), 1);
    let launch = launch.tensor(cache).tensor(x).tensor(positions).int(t).int(rows).int(h).int(d);
    cx.done(launch.int(s0).int(s1).int(s2).word(cx.cuda()?.bad()).run())
}

fn attend(cx: &mut Call) -> Result<(), Diagnostic> {
    let (o, q, k, v, positions) = (cx.output(0)?, cx.input(0)?, cx.input(1)?, cx.input(2)?, cx.input(3)?);
    contiguous(cx, &[o, k, v, positions])?;
    let ([_, t, h, d], [s0, s1, s2]) = heads(cx, q)?;
    let ([_, rows, groups, _], _) = heads(cx, k)?;
    if d as u64 > CACHED_HEAD {
        return Err(cx.malformed(&format!("has heads of size {d}; at most {CACHED_HEAD}")));
    }
    let launch = cx.cuda()?.kernel("cache", format!("cached_attention_{}", cx.done(suffix(q))?));
    let launch = launch.threads(THREADS).grid(length(positions) * h, 1);
    let launch = launch.tensor(o).tensor(q).tensor(k).tensor(v).tensor(positions);
    let launch = launch.int(t).int(rows).int(h).int(groups).int(d).int(s0).int(s1).int(s2);
    cx.done(launch.float(cx.float("scale")?).word(cx.cuda()?.bad()).run())
}
