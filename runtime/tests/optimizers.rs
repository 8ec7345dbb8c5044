//! AdamW, SGD and the gradient norm against their definitions, written out in f64.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::result_large_err)]

mod common;

use common::{Op, distance, normal, number, scalar, start, ty};
use proptest::prelude::*;
use regimen_base::tensor::DType;
use tch::{Kind, Tensor};

fn wide(t: &Tensor) -> Tensor {
    t.to_kind(Kind::Double)
}

fn norm_of(grads: &[Tensor]) -> f64 {
    grads.iter().map(|g| wide(g).square().sum(Kind::Double).double_value(&[])).sum::<f64>().sqrt()
}

fn group(dtype: DType) -> Vec<Tensor> {
    [&[30i64, 41][..], &[7], &[1, 2, 3]].iter().map(|shape| normal(shape, dtype)).collect()
}

/// One step of torch.optim.AdamW, following its documentation.
#[allow(clippy::too_many_arguments)]
fn reference_adamw(
    p: &mut Tensor,
    g: &Tensor,
    m: &mut Tensor,
    v: &mut Tensor,
    t: i32,
    lr: f64,
    decay: f64,
    factor: f64,
) {
    let (beta1, beta2, eps) = (0.9, 0.95, 1e-8);
    let g = wide(g) * factor;
    *p = &*p * (1.0 - lr * decay);
    *m = &*m * beta1 + &g * (1.0 - beta1);
    *v = &*v * beta2 + g.square() * (1.0 - beta2);
    let m_hat = &*m / (1.0 - f64::powi(beta1, t));
    let v_hat = &*v / (1.0 - f64::powi(beta2, t));
    *p = &*p - m_hat * lr / (v_hat.sqrt() + eps);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn adamw_follows_its_definition(seed in any::<i32>(), clip in prop_oneof![Just(0.0), Just(0.5), Just(1e6)],
                                    mixed in any::<bool>(), double in any::<bool>()) {
        let _turn = start(2);
        tch::manual_seed(i64::from(seed));
        let (lr, decay) = (0.03125, 0.25);
        let master = if double && !mixed { DType::F64 } else { DType::F32 };
        let grad_type = if mixed { DType::Bf16 } else { master };
        let params = group(master);
        let zeros = || params.iter().map(|p| p.zeros_like()).collect::<Vec<_>>();
        let (moments, squares) = (zeros(), zeros());
        let copies: Vec<Tensor> = params.iter().map(|p| p.to_kind(Kind::BFloat16)).collect();
        let mut expected: Vec<[Tensor; 3]> = (0..3).map(|i| [wide(&params[i]).copy(), wide(&moments[i]).copy(), wide(&squares[i]).copy()]).collect();
        for step in 0..4 {
            let grads = group(grad_type);
            let norm = Op::new("global_norm", &grads.iter().collect::<Vec<_>>(), &[ty(DType::F32, &[])]).one();
            prop_assert!((norm.double_value(&[]) / norm_of(&grads) - 1.0).abs() < 1e-6);
            let mut inputs = vec![scalar(lr, DType::F32), number(step), norm];
            for list in [&params, &grads, &moments, &squares] { inputs.extend(list.iter().map(Tensor::shallow_clone)); }
            if mixed { inputs.extend(copies.iter().map(Tensor::shallow_clone)); }
            Op::new("adamw", &inputs.iter().collect::<Vec<_>>(), &[])
                .int("n", 3).float("beta1", 0.9).float("beta2", 0.95).float("eps", 1e-8)
                .float("weight_decay", decay).float("clip", clip).flag("copies", mixed).ok();
            let factor = if clip > 0.0 { (clip / (norm_of(&grads) + 1e-6)).min(1.0) } else { 1.0 };
            for (i, [p, m, v]) in expected.iter_mut().enumerate() {
                reference_adamw(p, &grads[i], m, v, i32::try_from(step).unwrap() + 1, lr, decay, factor);
            }
        }
        let tolerance = if master == DType::F64 && clip == 0.0 { 1e-12 } else { 1e-5 };
        for (i, [p, m, v]) in expected.iter().enumerate() {
            prop_assert!(distance(&params[i], p) < tolerance && distance(&moments[i], m) < tolerance && distance(&squares[i], v) < tolerance);
            if mixed { prop_assert!(common::same_bits(&copies[i], &params[i].to_kind(Kind::BFloat16))); }
        }
    }

    #[test]
    fn sgd_follows_its_definition(seed in any::<i32>(), momentum in prop_oneof![Just(0.0), Just(0.9)],
                                  clip in prop_oneof![Just(0.0), Just(0.5)]) {
        let _turn = start(2);
        tch::manual_seed(i64::from(seed));
        let (lr, decay) = (0.125, 0.25);
        let params = group(DType::F64);
        let buffers: Vec<Tensor> = params.iter().map(|p| p.zeros_like()).collect();
        let mut expected: Vec<(Tensor, Option<Tensor>)> = params.iter().map(|p| (p.copy(), None)).collect();
        for _ in 0..4 {
            let grads = group(DType::F64);
            let norm = Op::new("global_norm", &grads.iter().collect::<Vec<_>>(), &[ty(DType::F32, &[])]).one();
            let mut inputs = vec![scalar(lr, DType::F32), norm];
            for list in [&params, &grads] { inputs.extend(list.iter().map(Tensor::shallow_clone)); }
            if momentum > 0.0 { inputs.extend(buffers.iter().map(Tensor::shallow_clone)); }
            Op::new("sgd", &inputs.iter().collect::<Vec<_>>(), &[])
                .int("n", 3).float("momentum", momentum).float("weight_decay", decay).float("clip", clip).flag("copies", false).ok();
            let factor = if clip > 0.0 { (clip / (norm_of(&grads) + 1e-6)).min(1.0) } else { 1.0 };
            for (i, (p, buffer)) in expected.iter_mut().enumerate() {
                let g = &grads[i] * factor + &*p * decay;
                // torch starts the buffer with the first gradient.
                let g = match buffer { Some(b) if momentum > 0.0 => &*b * momentum + g, _ => g };
                *p = &*p - &g * lr;
                *buffer = Some(g);
            }
        }
        for (i, (p, _)) in expected.iter().enumerate() {
            prop_assert!(distance(&params[i], p) < 1e-6);
        }
    }
}

/// Sums of many elements keep their digits, and more elements than one chunk are counted once.
#[test]
fn the_norm_of_a_large_gradient_is_exact() {
    let _turn = start(2);
    let g = Tensor::full([3, 100_003], 0.1f64, (Kind::Float, tch::Device::Cpu));
    let norm = Op::new("global_norm", &[&g, &g], &[ty(DType::F32, &[])]).one();
    let wanted = f64::from(0.1f32) * (600_018f64).sqrt();
    assert!((norm.double_value(&[]) / wanted - 1.0).abs() < 1e-7);
}
