//! Whole training steps of planned stages: memory to the byte on a grid of shapes, accumulation, recomputation,
//! repeatability.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail by panicking, as tests do

#[allow(dead_code)]
mod trainer;

use proptest::prelude::*;
use regimen_compiler::experiment::{Precision, Recompute, Rule, Stage};
use tch::{Kind, Tensor};
use trainer::stages::{gpt, stage};
use trainer::{Trainer, tokens};

fn with_dropout(mut model: regimen_compiler::arch::gpt::Gpt, rate: f64) -> regimen_compiler::arch::gpt::Gpt {
    (model.embedding_dropout, model.attention_dropout, model.residual_dropout) = (rate, rate, rate);
    model
}

/// Losses of some steps from the initial weights.
fn losses(stage: &Stage, micro_batch: u64, steps: i64) -> Vec<f64> {
    let batches: Vec<Tensor> = (0..steps)
        .map(|s| tokens(stage.batch as i64, stage.sequence as i64, stage.model.spec.vocab() as i64, s))
        .collect();
    let mut trainer = Trainer::new(stage, micro_batch);
    trainer.run("initialise", &|_, _| ());
    (0..steps).map(|s| trainer.step(&batches[s as usize], s, 3e-3)).collect()
}

#[test]
fn eight_micro_batches_of_one_train_like_one_of_eight() {
    let _turn = trainer::turn(2);
    let stage = stage(with_dropout(gpt(2, 2, 32, 16, 23), 0.1), 8, 8);
    let (whole, parts) = (losses(&stage, 8, 50), losses(&stage, 1, 50));
    assert!(whole[49] < whole[0], "nothing was learned: {whole:?}");
    for (step, (a, b)) in whole.iter().zip(&parts).enumerate() {
        assert!((a / b - 1.0).abs() < 1e-6, "step {step}: {a} against {b}");
    }
}

#[test]
fn recomputation_changes_no_bit() {
    let _turn = trainer::turn(2);
    let plain = stage(with_dropout(gpt(3, 2, 24, 16, 23), 0.2), 4, 2);
    let mut again = plain.clone();
    again.recompute = Recompute::Full;
    let (a, b) = (losses(&plain, 2, 10), losses(&again, 2, 10));
    assert_eq!(
        a.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
        b.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
    );
}

#[test]
fn the_same_stage_gives_the_same_bits_again() {
    let _turn = trainer::turn(2);
    for precision in [Precision::F32, Precision::Bf16] {
        let mut stage = stage(with_dropout(gpt(2, 2, 24, 16, 23), 0.1), 4, 2);
        stage.precision = precision;
        let (a, b) = (losses(&stage, 2, 5), losses(&stage, 2, 5));
        assert_eq!(a, b);
        assert!(a.iter().all(|x| x.is_finite()));
    }
}

#[test]
fn bf16_follows_f32_and_masters_keep_small_updates() {
    let _turn = trainer::turn(2);
    let single = stage(gpt(2, 2, 32, 16, 23), 8, 4);
    let mut half = single.clone();
    half.precision = Precision::Bf16;
    let (a, b) = (losses(&single, 4, 50), losses(&half, 4, 50));
    for (step, (x, y)) in a.iter().zip(&b).enumerate() {
        assert!((x - y).abs() < 0.05, "step {step}: f32 {x}, bf16 {y}");
    }
    assert!((a[49] - b[49]).abs() < 0.02 && b[49] < b[0] - 0.1, "f32 {a:?}\nbf16 {b:?}");
}

#[test]
fn sgd_with_momentum_learns() {
    let _turn = trainer::turn(1);
    let mut stage = stage(gpt(1, 2, 16, 8, 11), 4, 4);
    stage.optimizer.rule = Rule::Sgd { momentum: 0.9 };
    let batch = tokens(4, 8, 11, 1);
    let mut trainer = Trainer::new(&stage, 4);
    trainer.run("initialise", &|_, _| ());
    let curve: Vec<f64> = (0..40).map(|s| trainer.step(&batch, s, 0.05)).collect();
    assert!(curve[39] < curve[0] - 0.5, "{curve:?}");
}

#[test]
fn initial_weights_have_the_declared_spread() {
    let _turn = trainer::turn(2);
    let stage = stage(gpt(2, 4, 64, 32, 101), 1, 1);
    let mut trainer = Trainer::new(&stage, 1);
    trainer.run("initialise", &|_, _| ());
    for (name, std) in [("wte.weight", 0.02), ("block.1.mlp.out.weight", 0.02 / 2.0)] {
        let weight = trainer.resident(name).to_kind(Kind::Double);
        let measured = weight.std(true).double_value(&[]);
        assert!((measured / std - 1.0).abs() < 0.05, "{name}: {measured}");
        assert!(weight.mean(Kind::Double).double_value(&[]).abs() < std / 10.0);
    }
    let equal =
        trainer.resident("block.0.attn.qkv.weight").equal(trainer.resident("block.1.attn.qkv.weight"));
    assert!(!equal, "two weights started from the same numbers");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// The trainer compares planned and measured bytes after every instruction.
    #[test]
    fn every_byte_is_the_planned_one(
        layers in 1u64..4, heads in 1u64..4, head in 1u64..12, context in 2u64..40, vocab in 3u64..70,
        micro in 1u64..4, parts in 1u64..3, rate in prop::sample::select(vec![0.0, 0.3]),
        bias in any::<bool>(), tied in any::<bool>(), recompute in any::<bool>(), threads in 1usize..3,
        precision in prop::sample::select(vec![Precision::F32, Precision::Bf16, Precision::F64]),
        sgd in any::<bool>(),
    ) {
        let _turn = trainer::turn(threads);
        let mut model = with_dropout(gpt(layers, heads, heads * head, context, vocab), rate);
        (model.bias, model.tied) = (bias, tied);
        let mut stage = stage(model, micro * parts, micro);
        stage.precision = precision;
        stage.hardware.threads = threads as u64;
        if sgd {
            stage.optimizer.rule = Rule::Sgd { momentum: 0.9 };
        }
        stage.recompute = if recompute { Recompute::Full } else { Recompute::None };
        let curve = losses(&stage, micro, 2);
        prop_assert!(curve.iter().all(|l| l.is_finite() && *l > 0.0), "{:?}", curve);
    }
}
