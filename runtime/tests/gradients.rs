//! Every differentiable operation against libtorch's own operations and autograd: f64 within 1e-8, f32 within 1e-5,
//! norm-wise, on random shapes.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::result_large_err)]

mod common;

use common::{Op, distance, integers, normal, scalar, start, stat, ty};
use proptest::prelude::*;
use regimen_base::tensor::DType;
use tch::{Kind, Tensor};

const F64: DType = DType::F64;

/// Gradients of Σ y·dy with respect to `inputs`, by libtorch.
fn autograd(y: &Tensor, dy: &Tensor, inputs: &[&Tensor]) -> Vec<Tensor> {
    let sum = (y * dy).sum(Kind::Double);
    Tensor::run_backward(&[sum], inputs, false, false)
}

fn leaf(shape: &[i64]) -> Tensor {
    normal(shape, F64).set_requires_grad(true)
}

/// The same in f32, without history.
fn single(t: &Tensor) -> Tensor {
    t.detach().to_kind(Kind::Float)
}

fn near(what: &str, got: &[Tensor], wanted: &[&Tensor], tolerance: f64) {
    for (i, (a, b)) in got.iter().zip(wanted).enumerate() {
        let d = distance(&a.reshape(b.size()), &b.detach());
        assert!(d < tolerance, "{what}, result {i}: off by {d:e}");
    }
}

/// Runs an operation in f64 and, with operands converted, in f32, and compares both with `wanted`.
fn both(build: impl Fn(&dyn Fn(&Tensor) -> Tensor, DType) -> Op, wanted: &[&Tensor]) {
    let double = build(&|t| t.detach(), F64);
    near(double.name, &double.ok(), wanted, 1e-8);
    let float = build(&single, DType::F32);
    near(float.name, &float.ok(), wanted, 1e-5);
}

/// Numbers of segments `[B, T]` in runs of random length, some of which are padding (0).
fn runs(b: i64, t: i64) -> Tensor {
    let begins = integers(5, &[b, t]).eq(0).to_kind(Kind::Int64);
    let padded = integers(4, &[b, t]).eq(0).to_kind(Kind::Int64);
    let number = begins.cumsum(1, Kind::Int64);
    // Padding in the middle of a document splits nothing: the number after it is the one before.
    &number * (1 - padded)
}

/// Whether a position sees another `[B, 1, T, T]`, said with tensors of the library.
fn sees(segments: &Tensor, causal: bool) -> Tensor {
    let (rows, columns) = (segments.unsqueeze(2), segments.unsqueeze(1));
    let mut sees = rows.eq_tensor(&columns).logical_and(&rows.ne(0));
    if causal {
        sees = sees.tril(0);
    }
    sees.unsqueeze(1)
}

/// Softmax over what is seen; zeros where that is nothing.
fn softmax_where(scores: &Tensor, sees: &Tensor) -> Tensor {
    let hidden = sees.logical_not();
    let p = scores.masked_fill(&hidden, -1e300).softmax(-1, Kind::Double);
    p.masked_fill(&hidden, 0.0)
}

fn near_in_both(dy: &Tensor, rows: &Tensor, table: i64, sizes: &[i64; 3], wanted: &[Tensor]) {
    let [b, h, t] = *sizes;
    let part = |dtype| ty(dtype, &[h, b, t, table]);
    both(
        |f, dtype| {
            Op::new("relative_scores_grad", &[&f(dy), rows], &[part(dtype), part(dtype)]).int("table", table)
        },
        &wanted.iter().collect::<Vec<_>>(),
    );
}

prop_compose! {
    fn shape()(b in 1i64..4, t in 1i64..80, c in 2i64..90, seed in any::<i32>()) -> (i64, i64, i64, i32) {
        (b, t, c, seed)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn embedding((b, t, c, seed) in shape(), v in 1i64..50) {
        let _turn = start(2);
        tch::manual_seed(i64::from(seed));
        let (w, ids, dy) = (leaf(&[v, c]), integers(v, &[b, t]), normal(&[b, t, c], F64));
        let y = Tensor::embedding(&w, &ids, -1, false, false);
        let dw = autograd(&y, &dy, &[&w]);
        both(|x, ty_| Op::new("embedding", &[&x(&w), &ids], &[ty(ty_, &[b, t, c])]), &[&y]);
        both(|x, ty_| Op::new("embedding_grad", &[&x(&dy), &ids], &[ty(ty_, &[v, c])]).int("rows", v), &[&dw[0]]);
    }

    #[test]
    fn layer_norm((b, t, c, seed) in shape(), with_bias in any::<bool>()) {
        let _turn = start(2);
        tch::manual_seed(i64::from(seed));
        let (x, gain, bias) = (leaf(&[b, t, c]), leaf(&[c]), leaf(&[c]));
        let dy = normal(&[b, t, c], F64);
        let y = x.layer_norm([c], Some(&gain), with_bias.then_some(&bias), 1e-5, false);
        let wanted = if with_bias { autograd(&y, &dy, &[&x, &gain, &bias]) } else { autograd(&y, &dy, &[&x, &gain]) };
        let run = |f: &dyn Fn(&Tensor) -> Tensor, dtype: DType| {
            let row = ty(stat(dtype), &[b, t, 1]);
            let mut inputs = vec![f(&x), f(&gain)];
            if with_bias { inputs.push(f(&bias)); }
            Op::new("layer_norm", &inputs.iter().collect::<Vec<_>>(), &[ty(dtype, &[b, t, c]), row.clone(), row]).float("eps", 1e-5)
        };
        both(run, &[&y]);
        let backward = |f: &dyn Fn(&Tensor) -> Tensor, dtype: DType| {
            let forward = run(f, dtype).ok();
            let mut inputs = vec![f(&dy), f(&x), forward[1].shallow_clone(), forward[2].shallow_clone(), f(&gain)];
            let mut outputs = vec![ty(dtype, &[b, t, c]), ty(dtype, &[c])];
            if with_bias { inputs.push(f(&bias)); outputs.push(ty(dtype, &[c])); }
            Op::new("layer_norm_grad", &inputs.iter().collect::<Vec<_>>(), &outputs).ok()
        };
        near("layer_norm_grad", &backward(&|t| t.detach(), F64), &wanted.iter().collect::<Vec<_>>(), 1e-8);
        // dx is what is left of dy·γ/σ without its parts along 1 and x̂. In narrow rows next to nothing is left (with c = 2
        // nothing but what eps adds), so rounding is measured against the terms and not against their difference.
        let deviation = (x.detach().var_dim([-1i64].as_slice(), false, true) + 1e-5).sqrt();
        let terms = (&dy * gain.detach() / deviation).norm().double_value(&[]);
        let single = backward(&single, DType::F32);
        let off = (single[0].to_kind(Kind::Double) - wanted[0].detach()).norm().double_value(&[]);
        prop_assert!(off < 1e-5 * terms, "layer_norm_grad, dx in f32: off by {off:e} of {terms:e}");
        near("layer_norm_grad", &single[1..], &wanted[1..].iter().collect::<Vec<_>>(), 1e-5);
    }

    #[test]
    fn linear((b, t, i, seed) in shape(), o in 1i64..90, transposed in any::<bool>()) {
        let _turn = start(2);
        tch::manual_seed(i64::from(seed));
        let (x, w, bias) = (leaf(&[b, t, i]), leaf(&if transposed { [i, o] } else { [o, i] }), leaf(&[o]));
        let dy = normal(&[b, t, o], F64);
        let y = x.matmul(&if transposed { w.shallow_clone() } else { w.transpose(0, 1) }) + &bias;
        let wanted = autograd(&y, &dy, &[&x, &w, &bias]);
        both(|f, dtype| Op::new("linear", &[&f(&x), &f(&w), &f(&bias)], &[ty(dtype, &[b, t, o])]).flag("transposed", transposed), &[&y]);
        // The gradient with respect to x is the same operation with the weight's layout read the other way round.
        both(|f, dtype| Op::new("linear", &[&f(&dy), &f(&w)], &[ty(dtype, &[b, t, i])]).flag("transposed", !transposed), &[&wanted[0]]);
        both(|f, dtype| Op::new("linear_grad_weight", &[&f(&dy), &f(&x)], &[ty(dtype, &w.size())]).flag("transposed", transposed), &[&wanted[1]]);
        both(|f, dtype| Op::new("sum_leading", &[&f(&dy)], &[ty(dtype, &[o])]).int("keep", 1), &[&wanted[2]]);
        let acc = normal(&w.size(), F64);
        let sum = &acc + &wanted[1];
        let op = Op::new("linear_grad_weight_accumulate", &[&acc, &dy, &x.detach()], &[]).flag("transposed", transposed);
        op.ok();
        near("accumulated", &op.inputs[..1], &[&sum], 1e-8);
    }

    #[test]
    fn batch_matmul((b, m, k, seed) in shape(), n in 1i64..70, ta in any::<bool>(), tb in any::<bool>()) {
        let _turn = start(2);
        tch::manual_seed(i64::from(seed));
        let stored = |t: bool, r, c| if t { normal(&[b, 2, c, r], F64) } else { normal(&[b, 2, r, c], F64) };
        let (x, y) = (stored(ta, m, k), stored(tb, k, n));
        let read = |t: &Tensor, transposed: bool| if transposed { t.transpose(-1, -2) } else { t.shallow_clone() };
        let wanted = read(&x, ta).matmul(&read(&y, tb)) * 0.7;
        both(|f, dtype| Op::new("batch_matmul", &[&f(&x), &f(&y)], &[ty(dtype, &[b, 2, m, n])])
            .flag("ta", ta).flag("tb", tb).float("alpha", 0.7), &[&wanted]);
    }

    #[test]
    fn attention((b, t, _, seed) in shape(), h in 1i64..4, d in 1i64..140, causal in any::<bool>(), longer in 1i64..4) {
        let _turn = start(2);
        tch::manual_seed(i64::from(seed));
        let t = t * longer;
        let packed = normal(&[b, t, 3, h, d], F64);
        let [q, k, v] = [0, 1, 2].map(|i| packed.select(2, i).detach().set_requires_grad(true));
        let scale = 1.0 / (d as f64).sqrt();
        let heads = |x: &Tensor| x.transpose(1, 2);
        let mut scores = heads(&q).matmul(&heads(&k).transpose(-1, -2)) * scale;
        if causal {
            let mask = Tensor::ones([t, t], (Kind::Bool, tch::Device::Cpu)).triu(1);
            scores = scores.masked_fill(&mask, f64::NEG_INFINITY);
        }
        let lse = scores.logsumexp([-1i64], false).transpose(1, 2).contiguous();
        let o = scores.softmax(-1, Kind::Double).matmul(&heads(&v)).transpose(1, 2).contiguous();
        let d_o = normal(&[b, t, h, d], F64);
        let wanted = autograd(&o, &d_o, &[&q, &k, &v]);
        let full = |dtype| ty(dtype, &[b, t, h, d]);
        // Strided operands: views of one packed tensor, as the compiler's split makes them.
        let parts = |f: &dyn Fn(&Tensor) -> Tensor| { let p = f(&packed); [0, 1, 2].map(|i| p.select(2, i)) };
        let forward = |f: &dyn Fn(&Tensor) -> Tensor, dtype: DType| {
            let [q, k, v] = parts(f);
            Op::new("attention", &[&q, &k, &v], &[full(dtype), ty(dtype, &[b, t, h])]).flag("causal", causal).float("scale", scale)
        };
        both(forward, &[&o, &lse]);
        both(|f, dtype| {
            let [q, k, v] = parts(f);
            let results = forward(f, dtype).ok();
            Op::new("attention_grad", &[&f(&d_o), &q, &k, &v, &results[0], &results[1]], &[full(dtype), full(dtype), full(dtype)])
                .flag("causal", causal).float("scale", scale)
        }, &wanted.iter().collect::<Vec<_>>());
    }

    /// Padding gives zeros, its log-sum-exp is −∞, and no gradient comes from it.
    #[test]
    fn attention_within_segments((b, t, _, seed) in shape(), h in 1i64..4, d in 1i64..40, causal in any::<bool>(), longer in 1i64..4) {
        let _turn = start(2);
        tch::manual_seed(i64::from(seed));
        let t = t * longer;
        let segments = runs(b, t);
        let packed = normal(&[b, t, 3, h, d], F64);
        let [q, k, v] = [0, 1, 2].map(|i| packed.select(2, i).detach().set_requires_grad(true));
        let heads = |x: &Tensor| x.transpose(1, 2);
        let sees = sees(&segments, causal);
        let p = softmax_where(&(heads(&q).matmul(&heads(&k).transpose(-1, -2)) * 0.3), &sees);
        let o = p.matmul(&heads(&v)).transpose(1, 2).contiguous();
        let d_o = normal(&[b, t, h, d], F64);
        let wanted = autograd(&o, &d_o, &[&q, &k, &v]);
        let full = |dtype| ty(dtype, &[b, t, h, d]);
        let parts = |f: &dyn Fn(&Tensor) -> Tensor| { let p = f(&packed); [0, 1, 2].map(|i| p.select(2, i)) };
        let forward = |f: &dyn Fn(&Tensor) -> Tensor, dtype: DType| {
            let [q, k, v] = parts(f);
            Op::new("attention", &[&q, &k, &v, &segments], &[full(dtype), ty(dtype, &[b, t, h])]).flag("causal", causal).float("scale", 0.3)
        };
        both(forward, &[&o]);
        let padding = segments.eq(0);
        let [got, lse] = <[Tensor; 2]>::try_from(forward(&|t| t.detach(), F64).ok()).unwrap();
        prop_assert!(lse.isneginf().all_dim(2, false).equal(&padding));
        prop_assert_eq!((got.abs().sum_dim_intlist([2i64, 3].as_slice(), false, Kind::Double) * &padding).max().double_value(&[]), 0.0);
        both(|f, dtype| {
            let [q, k, v] = parts(f);
            let results = forward(f, dtype).ok();
            Op::new("attention_grad", &[&f(&d_o), &q, &k, &v, &results[0], &results[1], &segments], &[full(dtype), full(dtype), full(dtype)])
                .flag("causal", causal).float("scale", 0.3)
        }, &wanted.iter().collect::<Vec<_>>());
    }

    #[test]
    fn softmax_within_segments((b, t, _, seed) in shape(), h in 1i64..4, causal in any::<bool>()) {
        let _turn = start(2);
        tch::manual_seed(i64::from(seed));
        let (segments, x, dp) = (runs(b, t), leaf(&[b, h, t, t]), normal(&[b, h, t, t], F64));
        let p = softmax_where(&(&x * 0.6), &sees(&segments, causal));
        let wanted = autograd(&p, &dp, &[&x]);
        let full = |dtype| ty(dtype, &[b, h, t, t]);
        both(|f, dtype| Op::new("segment_softmax", &[&f(&x), &segments], &[full(dtype)]).flag("causal", causal).float("scale", 0.6), &[&p]);
        both(|f, dtype| Op::new("softmax_grad", &[&f(&dp), &f(&p)], &[full(dtype)]).float("scale", 0.6), &[&wanted[0]]);
    }

    #[test]
    fn softmax((b, t, s, seed) in shape(), causal in any::<bool>()) {
        let _turn = start(2);
        tch::manual_seed(i64::from(seed));
        let s = if causal { t } else { s };
        let x = leaf(&[b, t, s]);
        let mut scaled = &x * 0.6;
        if causal {
            scaled = scaled.masked_fill(&Tensor::ones([t, s], (Kind::Bool, tch::Device::Cpu)).triu(1), f64::NEG_INFINITY);
        }
        let p = scaled.softmax(-1, Kind::Double);
        let dp = normal(&[b, t, s], F64);
        let wanted = autograd(&p, &dp, &[&x]);
        both(|f, dtype| Op::new("softmax", &[&f(&x)], &[ty(dtype, &[b, t, s])]).flag("causal", causal).float("scale", 0.6), &[&p]);
        both(|f, dtype| Op::new("softmax_grad", &[&f(&dp), &f(&p)], &[ty(dtype, &[b, t, s])]).float("scale", 0.6), &[&wanted[0]]);
    }

    #[test]
    fn gelu((b, t, c, seed) in shape()) {
        let _turn = start(2);
        tch::manual_seed(i64::from(seed));
        let x = (normal(&[b, t, c], F64) * 3.0).set_requires_grad(true);
        let (y, dy) = (x.gelu("tanh"), normal(&[b, t, c], F64));
        let wanted = autograd(&y, &dy, &[&x]);
        both(|f, dtype| Op::new("gelu", &[&f(&x)], &[ty(dtype, &[b, t, c])]), &[&y]);
        both(|f, dtype| Op::new("gelu_grad", &[&f(&dy), &f(&x)], &[ty(dtype, &[b, t, c])]), &[&wanted[0]]);
    }

    #[test]
    fn gelu_erf((b, t, c, seed) in shape()) {
        let _turn = start(2);
        tch::manual_seed(i64::from(seed));
        let x = (normal(&[b, t, c], F64) * 3.0).set_requires_grad(true);
        let (y, dy) = (x.gelu("none"), normal(&[b, t, c], F64));
        let wanted = autograd(&y, &dy, &[&x]);
        both(|f, dtype| Op::new("gelu_erf", &[&f(&x)], &[ty(dtype, &[b, t, c])]), &[&y]);
        both(|f, dtype| Op::new("gelu_erf_grad", &[&f(&dy), &f(&x)], &[ty(dtype, &[b, t, c])]), &[&wanted[0]]);
    }

    /// With a table that several distances share rows of, gathered and summed by libtorch.
    #[test]
    fn relative_scores((b, t, _, seed) in shape(), h in 1i64..4, near in 1i64..9) {
        let _turn = start(2);
        tch::manual_seed(i64::from(seed));
        let table = 2 * near;
        let rows: Vec<i64> = (1 - t..t).map(|distance| (distance + near).clamp(0, table - 1)).collect();
        let rows = Tensor::from_slice(&rows);
        let content = leaf(&[b, h, t, t]);
        let (c2p, p2c) = (leaf(&[h, b, t, table]), leaf(&[h, b, t, table]));
        let dy = normal(&[b, h, t, t], F64);
        let positions = Tensor::arange(t, (Kind::Int64, tch::Device::Cpu));
        let distances = positions.unsqueeze(1) - positions.unsqueeze(0) + (t - 1);
        let index = rows.index_select(0, &distances.reshape([-1])).reshape([t, t]);
        let of_queries = c2p.transpose(0, 1).gather(3, &index.expand([b, h, t, t], true), false);
        let of_keys = p2c.transpose(0, 1).gather(3, &index.transpose(0, 1).expand([b, h, t, t], true), false);
        let y = &content + of_queries + of_keys.transpose(2, 3);
        let wanted = autograd(&y, &dy, &[&content, &c2p, &p2c]);
        both(|f, dtype| {
            Op::new("relative_scores", &[&f(&content), &f(&c2p), &f(&p2c), &rows], &[ty(dtype, &y.size())])
        }, &[&y]);
        near_in_both(&dy, &rows, table, &[b, h, t], &wanted[1..]);
        prop_assert!(distance(&wanted[0], &dy) < 1e-12, "the gradient of content is dy itself");
    }

    #[test]
    fn rms_norm((b, t, c, seed) in shape()) {
        let _turn = start(2);
        tch::manual_seed(i64::from(seed));
        let (x, gain, dy) = (leaf(&[b, t, c]), leaf(&[c]), normal(&[b, t, c], F64));
        let y = &x / (x.square().mean_dim([-1i64].as_slice(), true, Kind::Double) + 1e-6).sqrt() * &gain;
        let wanted = autograd(&y, &dy, &[&x, &gain]);
        let row = |dtype| ty(stat(dtype), &[b, t, 1]);
        let run = |f: &dyn Fn(&Tensor) -> Tensor, dtype| {
            Op::new("layer_norm", &[&f(&x), &f(&gain)], &[ty(dtype, &[b, t, c]), row(dtype), row(dtype)]).float("eps", 1e-6).flag("rms", true)
        };
        both(run, &[&y]);
        prop_assert_eq!(run(&|t| t.detach(), F64).ok()[1].abs().max().double_value(&[]), 0.0);
        let backward = |f: &dyn Fn(&Tensor) -> Tensor, dtype| {
            let forward = run(f, dtype).ok();
            Op::new("layer_norm_grad", &[&f(&dy), &f(&x), &forward[1], &forward[2], &f(&gain)], &[ty(dtype, &[b, t, c]), ty(dtype, &[c])])
                .flag("rms", true)
        };
        both(backward, &wanted.iter().collect::<Vec<_>>());
    }

    #[test]
    fn swiglu((b, t, c, seed) in shape()) {
        let _turn = start(2);
        tch::manual_seed(i64::from(seed));
        let (gate, up) = ((normal(&[b, t, c], F64) * 3.0).set_requires_grad(true), leaf(&[b, t, c]));
        let (y, dy) = (gate.silu() * &up, normal(&[b, t, c], F64));
        let wanted = autograd(&y, &dy, &[&gate, &up]);
        let full = |dtype| ty(dtype, &[b, t, c]);
        both(|f, dtype| Op::new("swiglu", &[&f(&gate), &f(&up)], &[full(dtype)]), &[&y]);
        both(|f, dtype| Op::new("swiglu_grad", &[&f(&dy), &f(&gate), &f(&up)], &[full(dtype), full(dtype)]), &wanted.iter().collect::<Vec<_>>());
    }

    /// As complex numbers: (x_i + i·x_{i+D/2})·exp(i·position·frequency).
    #[test]
    fn rotary((b, t, half, seed) in shape(), h in 1i64..4) {
        let _turn = start(2);
        tch::manual_seed(i64::from(seed));
        let (x, dy) = (leaf(&[b, t, h, 2 * half]), normal(&[b, t, h, 2 * half], F64));
        let frequencies: Vec<f64> = (0..half).map(|i| 1e4f64.powf(-(i as f64) / half as f64)).collect();
        let positions = Tensor::arange(t, (Kind::Double, tch::Device::Cpu));
        let angles = positions.outer(&Tensor::from_slice(&frequencies)).reshape([1, t, 1, half]);
        let [a, c] = [x.narrow(3, 0, half), x.narrow(3, half, half)];
        let y = Tensor::cat(&[&a * angles.cos() - &c * angles.sin(), &c * angles.cos() + &a * angles.sin()], 3);
        let wanted = autograd(&y, &dy, &[&x]);
        let table = |dtype| {
            Op::new("rotary_table", &[], &[ty(stat(dtype), &[t, 2 * half])])
                .int("length", t).floats("frequencies", &frequencies).float("factor", 1.0).one()
        };
        both(|f, dtype| Op::new("rotary", &[&f(&x), &table(dtype)], &[ty(dtype, &x.size())]), &[&y]);
        both(|f, dtype| Op::new("rotary", &[&f(&dy), &table(dtype)], &[ty(dtype, &x.size())]).flag("inverse", true), &[&wanted[0]]);
    }

    #[test]
    fn repeated_heads((b, t, d, seed) in shape(), g in 1i64..4, times in 1i64..5) {
        let _turn = start(2);
        tch::manual_seed(i64::from(seed));
        let (x, dy) = (leaf(&[b, t, g, d]), normal(&[b, t, g * times, d], F64));
        let y = x.repeat_interleave_self_int(times, Some(2), None);
        let wanted = autograd(&y, &dy, &[&x]);
        both(|f, dtype| Op::new("repeat_heads", &[&f(&x)], &[ty(dtype, &dy.size())]).int("times", times), &[&y]);
        both(|f, dtype| Op::new("sum_heads", &[&f(&dy)], &[ty(dtype, &x.size())]).int("times", times), &[&wanted[0]]);
    }

    #[test]
    fn cross_entropy((b, t, v, seed) in shape()) {
        let _turn = start(2);
        tch::manual_seed(i64::from(seed));
        let logits = (normal(&[b, t, v], F64) * 4.0).set_requires_grad(true);
        let labels = integers(v, &[b, t]);
        let ignored = integers(4, &[b, t]).eq(0);
        let labels = labels.masked_fill(&ignored, -100);
        let nll = logits.reshape([b * t, v])
            .cross_entropy_loss(&labels.reshape([b * t]), None::<&Tensor>, tch::Reduction::Sum, -100, 0.0);
        let loss = nll / 7.0;
        let wanted = autograd(&loss, &scalar(1.5, F64), &[&logits]);
        let lse = logits.logsumexp([-1i64], false);
        let divisor = scalar(7.0, DType::F32);
        both(|f, dtype| Op::new("cross_entropy", &[&f(&logits), &labels, &divisor], &[ty(dtype, &[]), ty(dtype, &[b, t])]), &[&loss, &lse]);
        both(|f, dtype| Op::new(
            "cross_entropy_grad",
            &[&f(&scalar(1.5, F64)), &f(&logits), &labels, &divisor, &f(&lse)],
            &[ty(dtype, &[b, t, v])],
        ), &[&wanted[0]]);
    }

    #[test]
    fn elementwise_and_rows((b, t, c, seed) in shape()) {
        let _turn = start(2);
        tch::manual_seed(i64::from(seed));
        let (x, y, tail) = (normal(&[b, t, c], F64), normal(&[b, t, c], F64), normal(&[t, c], F64));
        let full = |dtype| ty(dtype, &[b, t, c]);
        both(|f, dtype| Op::new("add", &[&f(&x), &f(&y)], &[full(dtype)]), &[&(&x + &y)]);
        both(|f, dtype| Op::new("add", &[&f(&x), &f(&tail)], &[full(dtype)]), &[&(&x + &tail)]);
        both(|f, dtype| Op::new("multiply", &[&f(&x), &f(&y)], &[full(dtype)]), &[&(&x * &y)]);
        both(|f, dtype| Op::new("scale", &[&f(&x)], &[full(dtype)]).float("factor", -1.7), &[&(&x * -1.7)]);
        both(|f, dtype| Op::new("sum_leading", &[&f(&x)], &[ty(dtype, &[t, c])]).int("keep", 2), &[&x.sum_dim_intlist([0i64].as_slice(), false, Kind::Double)]);
        both(|f, dtype| Op::new("concat", &[&f(&x), &f(&y)], &[ty(dtype, &[b, 2 * t, c])]).int("dim", 1), &[&Tensor::cat(&[&x, &y], 1)]);
        both(|f, dtype| Op::new("contiguous", &[&f(&x).transpose(0, 2)], &[ty(dtype, &[c, t, b])]), &[&x.transpose(0, 2)]);
        let index = integers(t, &[b]);
        let rows: Vec<Tensor> = (0..b).map(|i| x.get(i).get(index.int64_value(&[i]))).collect();
        both(|f, dtype| Op::new("select_row", &[&f(&x), &index], &[ty(dtype, &[b, c])]), &[&Tensor::stack(&rows, 0)]);
        let cut = Op::new("split", &[&x], &[ty(F64, &[b, t, 1]), ty(F64, &[b, t, c - 1])]).int("dim", 2).ints("sizes", &[1, c - 1]).ok();
        near("split", &cut, &[&x.narrow(2, 0, 1), &x.narrow(2, 1, c - 1)], 1e-15);
    }

    /// bf16 operands, f32 arithmetic inside: within 1e-2 of f64 with the same rounded operands.
    #[test]
    fn bf16_is_close_to_f64((b, t, c, seed) in shape(), o in 1i64..70) {
        let _turn = start(2);
        tch::manual_seed(i64::from(seed));
        let rounded = |shape: &[i64]| normal(shape, DType::Bf16);
        let wide = |t: &Tensor| t.to_kind(Kind::Double);
        let (x, w, dy) = (rounded(&[b, t, c]), rounded(&[o, c]), rounded(&[b, t, o]));
        let y = Op::new("linear", &[&x, &w], &[ty(DType::Bf16, &[b, t, o])]).flag("transposed", false).one();
        near("linear", &[y], &[&wide(&x).matmul(&wide(&w).transpose(0, 1))], 1e-2);
        let acc = Op::new("linear_grad_weight_accumulate", &[&normal(&[o, c], DType::F32).zero_(), &dy, &x], &[]).flag("transposed", false);
        acc.ok();
        let wanted = wide(&dy).reshape([b * t, o]).transpose(0, 1).matmul(&wide(&x).reshape([b * t, c]));
        near("f32 accumulator of bf16", &acc.inputs[..1], &[&wanted], 1e-5);
        let g = Op::new("gelu", &[&x], &[ty(DType::Bf16, &[b, t, c])]).one();
        near("gelu", &[g], &[&wide(&x).gelu("tanh")], 1e-2);
    }
}

#[test]
fn ids_and_labels_outside_the_vocabulary_are_errors() {
    let _turn = start(2);
    let (w, ids) = (normal(&[5, 4], F64), Tensor::from_slice(&[1i64, 5]));
    let error = Op::new("embedding", &[&w, &ids], &[ty(F64, &[2, 4])]).run().unwrap_err();
    assert_eq!(error.title, "`test.embedding` (embedding) failed: id 5 at position 1 is outside 0..5");
    assert!(error.help.unwrap().contains("data cache"));
    let labels = Tensor::from_slice(&[0i64, -1]);
    let op = Op::new(
        "cross_entropy",
        &[&normal(&[2, 3], F64), &labels, &scalar(1.0, F64)],
        &[ty(F64, &[]), ty(F64, &[2])],
    );
    assert!(op.run().unwrap_err().title.contains("label -1 at position 1"));
}
