//! The generator against its published vectors, and what is drawn from it.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::result_large_err)]

mod common;

use common::{Op, normal, number, same_bits, start, ty};
use regimen_base::tensor::DType;
use regimen_runtime::library;
use tch::{Kind, Tensor};

/// Known answers of Random123 for philox4x32-10.
#[test]
fn philox_gives_the_published_answers() {
    let _turn = start(1);
    assert_eq!(library::philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    assert_eq!(
        library::philox([u32::MAX; 4], [u32::MAX; 2]),
        [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
    );
    assert_eq!(
        library::philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
    );
}

fn dropout(x: &Tensor, samples: &Tensor, step: i64, rate: f64, site: i64) -> Tensor {
    Op::new("dropout", &[x, samples, &number(step)], &[ty(DType::F32, &x.size())])
        .float("rate", rate)
        .int("key", 0x0123_4567_89ab_cdef)
        .int("site", site)
        .one()
}

#[test]
fn dropout_keeps_the_right_share_and_scales_it() {
    let _turn = start(2);
    let x = Tensor::ones([64, 50, 61], (Kind::Float, tch::Device::Cpu));
    for rate in [0.0, 0.1, 0.5, 0.9] {
        let y = dropout(&x, &Tensor::arange(64, (Kind::Int64, tch::Device::Cpu)), 3, rate, 9);
        let kept = y.ne(0.0).to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
        let n = x.numel() as f64;
        assert!((kept - (1.0 - rate)).abs() <= 4.0 * (rate * (1.0 - rate) / n).sqrt(), "{rate}: kept {kept}");
        assert!((y.max().double_value(&[]) - 1.0 / (1.0 - rate)).abs() < 1e-6);
    }
}

/// A sample's mask depends on the sample's number, not on its place in the batch; in place gives the same.
#[test]
fn dropout_does_not_depend_on_how_the_batch_is_cut() {
    let _turn = start(2);
    let x = normal(&[6, 37, 53], DType::F32);
    let samples = Tensor::from_slice(&[5i64, 1 << 33, 77, 3, (1 << 32) + 3, 1_000_000]);
    let whole = dropout(&x, &samples, 11, 0.4, 2);
    for i in 0..6 {
        let part = dropout(&x.narrow(0, i, 1).contiguous(), &samples.narrow(0, i, 1), 11, 0.4, 2);
        assert!(same_bits(&part, &whole.narrow(0, i, 1)));
    }
    let over = x.copy();
    let op = Op::new("dropout", &[&over, &samples, &number(11)], &[ty(DType::F32, &x.size())])
        .float("rate", 0.4)
        .int("key", 0x0123_4567_89ab_cdef)
        .int("site", 2)
        .over(0, 0);
    assert!(same_bits(&op.one(), &whole));
}

#[test]
fn every_coordinate_of_the_counter_changes_the_mask() {
    let _turn = start(1);
    let x = Tensor::ones([1, 4096], (Kind::Float, tch::Device::Cpu));
    let mask = |sample: i64, step, site| dropout(&x, &Tensor::from_slice(&[sample]), step, 0.5, site);
    let base = mask(3, 1, 1);
    assert!(same_bits(&base, &mask(3, 1, 1)));
    for other in
        [mask(4, 1, 1), mask(3, 2, 1), mask(3, 1, 2), mask(3 + (1 << 32), 1, 1), mask(3, 1, 2 + (1 << 20))]
    {
        let agreement = base.eq_tensor(&other).to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
        assert!((agreement - 0.5).abs() < 0.05, "masks agree in {agreement}");
    }
    let halves = base.reshape([2, 2048]);
    assert!(!same_bits(&halves.get(0), &halves.get(1)));
}

#[test]
fn initial_weights_are_normal_and_depend_on_the_index_alone() {
    let _turn = start(2);
    let init = |shape: &[i64], site: i64, dtype: DType| {
        let op = Op::new("init_normal", &[&normal(shape, dtype)], &[])
            .float("mean", 0.5)
            .float("std", 0.02)
            .int("key", 42)
            .int("site", site);
        op.ok();
        op.inputs.into_iter().next().unwrap()
    };
    let w = init(&[999, 101], 1, DType::F32);
    let z = (w.to_kind(Kind::Double) - 0.5) / 0.02;
    let n = z.numel() as f64;
    assert!(z.mean(Kind::Double).double_value(&[]).abs() < 4.0 / n.sqrt());
    assert!((z.pow_tensor_scalar(2).mean(Kind::Double).double_value(&[]) - 1.0).abs() < 0.02);
    let tails = z.abs().gt(1.959_964).to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
    assert!((tails - 0.05).abs() < 0.005, "{tails}");
    assert!(same_bits(&w, &init(&[101, 999], 1, DType::F32).reshape([999, 101])));
    assert!(same_bits(&w, &init(&[999, 101], 1, DType::F64).to_kind(Kind::Float)));
    assert!(!same_bits(&w, &init(&[999, 101], 2, DType::F32)));
}
