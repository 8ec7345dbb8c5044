//! Every operation of the registry with random operands of given sizes.

#![allow(clippy::cloned_ref_to_slice_refs)]

use super::*;

/// Sizes in the usual letters.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub b: i64,
    pub t: i64,
    pub c: i64,
    pub v: i64,
    pub h: i64,
    pub d: i64,
}

/// All operations that take the type, written operands included. The operands are new: what an operation writes over
/// may be compared with nothing else.
pub fn all(s: Sizes, dtype: DType) -> Vec<Op> {
    let mut ops = rows(s, dtype);
    ops.extend(layers(s, dtype));
    ops.extend(heads(s, dtype));
    ops.extend(encoders(s, dtype));
    ops.extend(products(s, dtype));
    ops.extend(losses(s, dtype));
    ops.extend(updates(s, dtype));
    if dtype != DType::Bf16 {
        ops.extend(fused_attention(s, dtype));
    }
    ops
}

fn rows(Sizes { b, t, c, v, .. }: Sizes, dtype: DType) -> Vec<Op> {
    let x = normal(&[b, t, c], dtype);
    let full = ty(dtype, &[b, t, c]);
    let ids = integers(v, &[b, t]);
    let weight = normal(&[v, c], dtype);
    let tail = normal(&[t, c], dtype);
    vec![
        Op::new("embedding", &[&weight, &ids], &[full.clone()]),
        Op::new("embedding_grad", &[&x, &ids], &[ty(dtype, &[v, c])]).int("rows", v),
        Op::new("embedding_grad_accumulate", &[&normal(&[v, c], stat(dtype)), &x, &ids], &[]),
        Op::new("add", &[&x, &x], &[full.clone()]),
        Op::new("add", &[&normal(&[b, t, c], dtype), &tail], &[full.clone()]).over(0, 0),
        Op::new("multiply", &[&x, &x], &[full.clone()]),
        Op::new("scale", &[&x], &[full.clone()]).float("factor", 0.3),
        Op::new("scale", &[&normal(&[b, t, c], dtype)], &[full.clone()]).float("factor", 0.3).over(0, 0),
        Op::new("sum_leading", &[&x], &[ty(dtype, &[c])]).int("keep", 1),
        Op::new("sum_leading", &[&x], &[ty(dtype, &[t, c])]).int("keep", 2),
        Op::new("sum_leading_accumulate", &[&normal(&[c], stat(dtype)), &x], &[]).int("keep", 1),
        Op::new("accumulate", &[&normal(&[b, t, c], stat(dtype)), &x], &[]),
        Op::new("assign", &[&normal(&[b, t, c], stat(dtype)), &x], &[]),
        Op::new("assign", &[&x.copy(), &normal(&[b, t, c], stat(dtype))], &[]),
        Op::new("zero", &[&normal(&[b, t, c], dtype), &normal(&[c], dtype)], &[]),
        Op::new("fill", &[], &[full]).float("value", 1.5),
        Op::new("cast", &[&x], &[ty(DType::F32, &[b, t, c])]),
        Op::new("cast", &[&x], &[ty(DType::Bf16, &[b, t, c])]),
        Op::new("select_row", &[&x, &integers(t, &[b])], &[ty(dtype, &[b, c])]),
        Op::new("concat", &[&x, &normal(&[b, 3, c], dtype)], &[ty(dtype, &[b, t + 3, c])]).int("dim", 1),
        Op::new("contiguous", &[&x.transpose(0, 2)], &[ty(dtype, &[c, t, b])]),
        Op::new("contiguous", &[&weight.transpose(0, 1)], &[ty(dtype, &[c, v])]),
        Op::new("transpose", &[&x], &[ty(dtype, &[b, c, t])]).int("d0", 1).int("d1", 2),
        Op::new("reshape", &[&x], &[ty(dtype, &[b * t, c])]).ints("shape", &[b * t, c]),
        Op::new("split", &[&x], &[ty(dtype, &[b, t, 1]), ty(dtype, &[b, t, c - 1])])
            .int("dim", 2)
            .ints("sizes", &[1, c - 1]),
    ]
}

fn layers(Sizes { b, t, c, .. }: Sizes, dtype: DType) -> Vec<Op> {
    let x = normal(&[b, t, c], dtype);
    let (gain, bias) = (normal(&[c], dtype), normal(&[c], dtype));
    let full = ty(dtype, &[b, t, c]);
    let row = ty(stat(dtype), &[b, t, 1]);
    let (mean, rstd) = (normal(&[b, t, 1], stat(dtype)), normal(&[b, t, 1], stat(dtype)).abs());
    let no_mean = mean.zeros_like();
    let samples = integers(1 << 40, &[b]);
    let scores = normal(&[b, t, t], dtype);
    let square = ty(dtype, &[b, t, t]);
    vec![
        Op::new("layer_norm", &[&x, &gain, &bias], &[full.clone(), row.clone(), row.clone()])
            .float("eps", 1e-5),
        Op::new("layer_norm", &[&x, &gain], &[full.clone(), row.clone(), row.clone()]).float("eps", 1e-5),
        Op::new(
            "layer_norm_grad",
            &[&x, &x, &mean, &rstd, &gain, &bias],
            &[full.clone(), ty(dtype, &[c]), ty(dtype, &[c])],
        ),
        Op::new("layer_norm_grad", &[&x, &x, &mean, &rstd, &gain], &[full.clone(), ty(dtype, &[c])]),
        Op::new("layer_norm", &[&x, &gain], &[full.clone(), row.clone(), row])
            .float("eps", 1e-6)
            .flag("rms", true),
        Op::new("layer_norm_grad", &[&x, &x, &no_mean, &rstd, &gain], &[full.clone(), ty(dtype, &[c])])
            .flag("rms", true),
        Op::new("swiglu", &[&x, &normal(&[b, t, c], dtype)], &[full.clone()]),
        Op::new(
            "swiglu_grad",
            &[&x, &normal(&[b, t, c], dtype), &normal(&[b, t, c], dtype)],
            &[full.clone(), full.clone()],
        )
        .over(0, 1)
        .over(1, 2),
        Op::new("gelu", &[&x], &[full.clone()]),
        Op::new("gelu_grad", &[&x, &x], &[full.clone()]),
        Op::new("gelu_grad", &[&normal(&[b, t, c], dtype), &x], &[full.clone()]).over(0, 0),
        Op::new("gelu_erf", &[&x], &[full.clone()]),
        Op::new("gelu_erf_grad", &[&normal(&[b, t, c], dtype), &x], &[full.clone()]).over(0, 0),
        Op::new("dropout", &[&x, &samples, &number(7)], &[full])
            .float("rate", 0.3)
            .int("key", -99)
            .int("site", 5),
        Op::new("softmax", &[&scores], &[square.clone()]).flag("causal", true).float("scale", 0.5),
        Op::new("softmax", &[&normal(&[b, t, t], dtype)], &[square.clone()])
            .flag("causal", false)
            .float("scale", 1.0)
            .over(0, 0),
        Op::new("softmax_grad", &[&normal(&[b, t, t], dtype), &scores], &[square])
            .float("scale", 0.5)
            .over(0, 0),
    ]
}

fn heads(Sizes { b, t, h, d, .. }: Sizes, dtype: DType) -> Vec<Op> {
    let d = 2 * ((d + 1) / 2);
    let (few, many) = ([b, t, h, d], [b, t, 3 * h, d]);
    let frequencies: Vec<f64> = (0..d / 2).map(|i| 0.7f64.powi(i as i32)).collect();
    let table = Op::new("rotary_table", &[], &[ty(stat(dtype), &[t, d])])
        .int("length", t)
        .floats("frequencies", &frequencies)
        .float("factor", 1.25);
    let angles = normal(&[t, d], stat(dtype));
    // Samples begin anywhere; their tokens follow one another.
    let length = 2 * t + 3;
    let starts: Vec<i64> = (0..b * t).map(|i| i / t * 5 % (t + 3) + i % t).collect();
    let positions = Tensor::from_slice(&starts).reshape([b, t]);
    let cache = || normal(&[b, length, h, d], dtype);
    let strided = normal(&[b, t, 2, 3 * h, d], dtype).select(2, 1);
    vec![
        table,
        Op::new("rotary_table", &[&positions], &[ty(stat(dtype), &[b, t, d])])
            .floats("frequencies", &frequencies)
            .float("factor", 1.25),
        Op::new("rotary", &[&normal(&few, dtype), &normal(&[b, t, d], stat(dtype))], &[ty(dtype, &few)]),
        Op::new("cache_write", &[&cache(), &normal(&few, dtype), &positions], &[]),
        Op::new("cache_write", &[&cache(), &strided.narrow(2, 0, h), &positions], &[]),
        Op::new(
            "cached_attention",
            &[&normal(&many, dtype), &cache(), &cache(), &positions],
            &[ty(dtype, &many)],
        )
        .float("scale", 0.3),
        Op::new("cached_attention", &[&strided, &cache(), &cache(), &positions], &[ty(dtype, &many)])
            .float("scale", 0.3),
        Op::new("rotary", &[&normal(&few, dtype), &angles], &[ty(dtype, &few)]),
        Op::new("rotary", &[&normal(&few, dtype), &angles], &[ty(dtype, &few)])
            .flag("inverse", true)
            .over(0, 0),
        Op::new("repeat_heads", &[&normal(&few, dtype)], &[ty(dtype, &many)]).int("times", 3),
        Op::new("sum_heads", &[&normal(&many, dtype)], &[ty(dtype, &few)]).int("times", 3),
    ]
}

fn encoders(Sizes { b, t, v, h, .. }: Sizes, dtype: DType) -> Vec<Op> {
    // Distances beyond two share a row.
    let rows: Vec<i64> = (1 - t..t).map(|distance| distance.clamp(-2, 2) + 2).collect();
    let rows = Tensor::from_slice(&rows);
    let (scores, positions) = ([b, h, t, t], [h, b, t, 5]);
    let part = || normal(&positions, dtype);
    let (tokens, labels) = (integers(v, &[b, t]), integers(v, &[b, t]));
    let labels = labels.masked_fill(&integers(2, &[b, t]).eq(0), -100);
    let ids = ty(DType::I64, &[b, t]);
    let segments = integers(3, &[b, t]);
    vec![
        Op::new("segment_softmax", &[&normal(&scores, dtype), &segments], &[ty(dtype, &scores)])
            .flag("causal", true)
            .float("scale", 0.5)
            .over(0, 0),
        Op::new("segment_softmax", &[&normal(&scores, dtype), &segments], &[ty(dtype, &scores)])
            .flag("causal", false)
            .float("scale", 0.5),
        Op::new("constant", &[], &[ty(DType::I64, &[3])]).ints("values", &[-7, 0, 1 << 40]),
        Op::new(
            "relative_scores",
            &[&normal(&scores, dtype), &part(), &part(), &rows],
            &[ty(dtype, &scores)],
        )
        .over(0, 0),
        Op::new(
            "relative_scores_grad",
            &[&normal(&scores, dtype), &rows],
            &[ty(dtype, &positions), ty(dtype, &positions)],
        )
        .int("table", 5),
        Op::new(
            "replace_tokens",
            &[&normal(&[b, t, v], dtype), &tokens, &labels, &integers(1 << 40, &[b]), &number(7)],
            &[ids.clone(), ids],
        )
        .int("key", -99)
        .int("site", 5),
    ]
}

fn products(Sizes { b, t, c, v, h, d }: Sizes, dtype: DType) -> Vec<Op> {
    let (x, dy) = (normal(&[b, t, c], dtype), normal(&[b, t, v], dtype));
    let w = normal(&[v, c], dtype);
    let y = ty(dtype, &[b, t, v]);
    let (q, k) = (normal(&[b, h, t, d], dtype), normal(&[b, h, t, d], dtype));
    vec![
        Op::new("linear", &[&x, &w, &normal(&[v], dtype)], &[y.clone()]).flag("transposed", false),
        Op::new("linear", &[&x, &w.transpose(0, 1).contiguous()], &[y]).flag("transposed", true),
        Op::new("linear_grad_weight", &[&dy, &x], &[ty(dtype, &[v, c])]).flag("transposed", false),
        Op::new("linear_grad_weight", &[&dy, &x], &[ty(dtype, &[c, v])]).flag("transposed", true),
        Op::new("linear_grad_weight_accumulate", &[&normal(&[v, c], stat(dtype)), &dy, &x], &[])
            .flag("transposed", false),
        Op::new("batch_matmul", &[&q, &k], &[ty(dtype, &[b, h, t, t])])
            .flag("ta", false)
            .flag("tb", true)
            .float("alpha", 0.25),
        Op::new("batch_matmul", &[&q, &k], &[ty(dtype, &[b, h, d, d])])
            .flag("ta", true)
            .flag("tb", false)
            .float("alpha", 1.0),
    ]
}

fn fused_attention(Sizes { b, t, h, d, .. }: Sizes, dtype: DType) -> Vec<Op> {
    let packed = normal(&[b, t, 3, h, d], dtype);
    let part = |i: i64| packed.select(2, i);
    let (q, k, v) = (part(0), part(1), part(2));
    let full = ty(dtype, &[b, t, h, d]);
    let (o, lse) = (normal(&[b, t, h, d], dtype), normal(&[b, t, h], dtype).abs());
    let segments = integers(3, &[b, t]);
    let uses = [(true, None), (false, None), (true, Some(&segments)), (false, Some(&segments))];
    uses.into_iter()
        .flat_map(|(causal, segments)| {
            let with = |operands: &[&Tensor]| -> Vec<Tensor> {
                operands.iter().copied().chain(segments).map(|t| library::alias(t).unwrap()).collect()
            };
            let op = |name, operands: Vec<Tensor>, results: &[TensorType]| {
                Op::new(name, &operands.iter().collect::<Vec<_>>(), results)
            };
            let forward = op("attention", with(&[&q, &k, &v]), &[full.clone(), ty(dtype, &[b, t, h])]);
            let gradients = [full.clone(), full.clone(), full.clone()];
            let backward = op("attention_grad", with(&[&o, &q, &k, &v, &o, &lse]), &gradients);
            [forward, backward].map(|op| op.flag("causal", causal).float("scale", 0.3))
        })
        .collect()
}

fn losses(Sizes { b, t, v, .. }: Sizes, dtype: DType) -> Vec<Op> {
    let logits = normal(&[b, t, v], dtype);
    let labels = integers(v, &[b, t]);
    let divisor = scalar((b * t) as f64, DType::F32);
    let lse = logits.to_kind(library::kind(stat(dtype))).logsumexp([-1i64], false);
    let dloss = scalar(1.0, stat(dtype));
    let operands = [&dloss, &logits, &labels, &divisor, &lse];
    let full = ty(dtype, &[b, t, v]);
    vec![
        Op::new(
            "cross_entropy",
            &[&logits, &labels, &divisor],
            &[ty(stat(dtype), &[]), ty(stat(dtype), &[b, t])],
        ),
        Op::new("cross_entropy_grad", &operands, &[full.clone()]),
        Op::new("cross_entropy_grad", &[&dloss, &logits.copy(), &labels, &divisor, &lse], &[full]).over(0, 1),
    ]
}

fn updates(Sizes { c, v, .. }: Sizes, dtype: DType) -> Vec<Op> {
    let master = stat(dtype);
    let new = |dtype| [normal(&[v, c], dtype), normal(&[c], dtype)];
    let (p, g, m, s) = (new(master), new(dtype), new(master), new(master).map(|t| t.abs()));
    let copies = new(DType::Bf16);
    let (lr, step, norm) = (scalar(1e-2, DType::F32), number(3), scalar(2.0, DType::F32));
    let adamw = |op: Op| {
        op.int("n", 2)
            .float("beta1", 0.9)
            .float("beta2", 0.99)
            .float("eps", 1e-8)
            .float("weight_decay", 0.1)
            .float("clip", 1.0)
    };
    let sgd = |op: Op, momentum| {
        op.int("n", 2).float("momentum", momentum).float("weight_decay", 0.1).float("clip", 0.0)
    };
    let tensors = |groups: &[&[Tensor; 2]], first: &[&Tensor]| {
        let mut all: Vec<Tensor> = first.iter().map(|t| library::alias(t).unwrap()).collect();
        all.extend(groups.iter().flat_map(|group| group.iter().map(|t| t.copy())));
        all
    };
    let op = |name, inputs: Vec<Tensor>| Op::new(name, &inputs.iter().collect::<Vec<_>>(), &[]);
    vec![
        Op::new("global_norm", &[&g[0], &g[1]], &[ty(DType::F32, &[])]),
        adamw(op("adamw", tensors(&[&p, &g, &m, &s], &[&lr, &step, &norm]))).flag("copies", false),
        adamw(op("adamw", tensors(&[&p, &g, &m, &s, &copies], &[&lr, &step, &norm]))).flag("copies", true),
        sgd(op("sgd", tensors(&[&p, &g], &[&lr, &norm])), 0.0).flag("copies", false),
        sgd(op("sgd", tensors(&[&p, &g, &m, &copies], &[&lr, &norm])), 0.9).flag("copies", true),
        Op::new("init_normal", &[&normal(&[v, c], dtype)], &[])
            .float("mean", 0.0)
            .float("std", 0.02)
            .int("key", 12345)
            .int("site", 3),
        Op::new("init_fill", &[&normal(&[v, c], dtype)], &[]).float("value", 1.0),
    ]
}
