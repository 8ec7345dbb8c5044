//! Reward models as TRL's `RewardTrainer` trains them: the same rewards, gradients and losses of twenty AdamW steps from the same weights, on
//! the same pairs with padding, with and without margins and centering. The golden files are made by `cargo xtask oracles`.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail by panicking, as tests do

#[allow(dead_code)]
mod trainer;

use proptest::prelude::*;
use regimen_compiler::arch::ModelSpec;
use regimen_compiler::experiment::{Precision, Stage};
use safetensors::SafeTensors;
use serde_json::Value;
use tch::{Device, Kind, Tensor};
use trainer::Trainer;
use trainer::configs;
use trainer::golden::{check_gradients, largest_difference, read, tensor, trainer_from};
use trainer::stages::encoders::{self as models, reward_stage};
use trainer::stages::{gpt, llama};

/// Pairs of a step: tokens `[B, 2, T]`, how many of each text are no padding `[B, 2]`, and margins `[B]`.
struct Batch {
    tokens: Tensor,
    lengths: Tensor,
    margins: Tensor,
}

impl Batch {
    /// Fills an input of a program with `pairs` pairs from `first` on, as the loader does.
    fn fill(&self, last: bool, (first, pairs): (i64, i64), source: &str, to: &mut Tensor) {
        let (all, length) = (self.margins.size()[0], self.tokens.size()[2]);
        let part = |whole: &Tensor| whole.narrow(0, first, pairs);
        let count = |n: i64| Tensor::arange(n, (Kind::Int64, Device::Cpu));
        let lengths = part(&self.lengths).reshape([2 * pairs]);
        match source {
            "tokens" => to.copy_(&part(&self.tokens).reshape([2 * pairs, length])),
            "segments" => to.copy_(&count(length).less_tensor(&lengths.unsqueeze(1)).to_kind(Kind::Int64)),
            "rows" => {
                let read = if last { lengths - 1 } else { lengths.zeros_like() };
                to.copy_(&(count(2 * pairs) * length + read));
            }
            "labels" => drop(to.fill_(0)),
            "divisor" => drop(to.fill_(all as f64)),
            "shares" => drop(to.fill_(1.0 / all as f64)),
            "margins" => {
                let _ = to.fill_(0.0);
                to.narrow(1, 0, 1).copy_(&-part(&self.margins).unsqueeze(1));
            }
            "samples" => to.copy_(&(count(2 * pairs) + 2 * first)),
            other => panic!("unknown input {other}"),
        }
    }
}

fn check(path: &str, model: impl ModelSpec + 'static, form: (f64, bool), last: bool, micro_batch: u64) {
    let _turn = trainer::turn(2);
    let (weights, golden) = (read(path, "model.safetensors"), read(path, "golden.safetensors"));
    let weights = SafeTensors::deserialize(&weights).expect("safetensors");
    let expected = SafeTensors::deserialize(&golden).expect("safetensors");
    let [tokens, lengths, margins] = ["tokens", "lengths", "margins"].map(|name| tensor(&expected, name));
    let (losses, norms) = (tensor(&expected, "losses"), tensor(&expected, "norms"));
    let pairs = margins.size()[1];
    let stage = reward_stage(model, form, pairs as u64, micro_batch);
    let names = stage.model.spec.exchange().tensors;
    let batches: Vec<Batch> = (0..tokens.size()[0])
        .map(|i| Batch { tokens: tokens.get(i), lengths: lengths.get(i), margins: margins.get(i) })
        .collect();
    assert_eq!(batches.len(), 20);
    let wanted = tensor(&expected, "rewards");
    let micro = micro_batch as i64;
    let mut trainer = trainer_from(&stage, micro_batch, &weights, &names);
    for first in (0..pairs).step_by(micro_batch as usize) {
        let fill = |source: &str, to: &mut Tensor| batches[0].fill(last, (first, micro), source, to);
        let rewards = trainer.run("evaluate", &fill);
        let off = largest_difference(&rewards[0], &wanted.narrow(0, first, micro));
        assert!(off < 2e-5, "rewards differ by {off}");
    }
    let (loss, wanted) = (trainer.take("eval_loss_sum"), losses.double_value(&[0]));
    assert!((loss - wanted).abs() < 1e-4, "evaluated: loss {loss}, TRL has {wanted}");
    for (step, batch) in batches.iter().enumerate() {
        trainer.set("step", step as f64);
        for first in (0..pairs).step_by(micro_batch as usize) {
            trainer.run("micro_step", &|source, to| batch.fill(last, (first, micro), source, to));
        }
        if step == 0 {
            check_gradients(&names, &trainer, &expected);
        }
        trainer.set("learning_rate", 1e-2);
        trainer.run("update", &|_, _| ());
        let (loss, wanted) = (trainer.take("loss_sum"), losses.double_value(&[step as i64]));
        assert!((loss - wanted).abs() < 1e-4, "step {step}: loss {loss}, TRL has {wanted}");
        let (norm, wanted) = (trainer.take("grad_norm"), norms.double_value(&[step as i64]));
        assert!((norm / wanted - 1.0).abs() < 1e-3, "step {step}: norm {norm}, torch has {wanted}");
    }
}

fn config(path: &str) -> Value {
    serde_json::from_slice(&read(path, "config.json")).expect("JSON")
}

#[test]
fn gpt2_learns_rewards_as_in_trl() {
    for micro_batch in [3, 1] {
        check("gpt2/reward", configs::gpt2(&config("gpt2/reward")), (0.0, false), true, micro_batch);
    }
}

#[test]
fn llama_learns_rewards_as_in_trl() {
    check("llama/reward", configs::llama(&config("llama/reward")), (0.0, false), true, 3);
}

#[test]
fn margins_and_centering_are_those_of_trl() {
    let path = "llama/centered_reward";
    for micro_batch in [3, 1] {
        check(path, configs::llama(&config(path)), (0.1, true), true, micro_batch);
    }
}

#[test]
fn bert_learns_rewards_by_the_first_token_as_in_trl() {
    let path = "bert/centered_reward";
    check(path, configs::bert(&config(path)), (0.1, false), false, 3);
}

fn stage(
    kind: usize,
    [layers, heads, head, context]: [u64; 4],
    form: (f64, bool),
    batch: (u64, u64),
) -> Stage {
    let (hidden, vocab) = (heads * head, 19);
    let sizes = [layers, heads, hidden, hidden + 3];
    let (whole, micro) = batch;
    match kind {
        0 => reward_stage(models::bert(sizes, context, vocab), form, whole, micro),
        1 => reward_stage(models::electra(sizes, sizes, 6, context, vocab), form, whole, micro),
        2 => reward_stage(models::deberta(sizes, context, vocab), form, whole, micro),
        3 => reward_stage(gpt(layers, heads, hidden, context, vocab), form, whole, micro),
        _ => reward_stage(llama([layers, heads, heads, hidden, 9], context, vocab), form, whole, micro),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// [`Trainer::run`] compares the bytes of every instruction with the plan.
    #[test]
    fn every_byte_is_the_planned_one(
        kind in 0usize..5, layers in 1u64..3, heads in 1u64..3, half in 1u64..5, context in 3u64..40, micro in 1u64..3,
        centered in any::<bool>(), margins in any::<bool>(), half_precision in any::<bool>(),
    ) {
        let _turn = trainer::turn(2);
        let form = (if centered { 0.01 } else { 0.0 }, margins);
        let mut stage = stage(kind, [layers, heads, 2 * half, context], form, (2 * micro, micro));
        if half_precision {
            stage.precision = Precision::Bf16;
        }
        let mut trainer = Trainer::new(&stage, micro);
        trainer.run("initialise", &|_, _| ());
        for program in ["micro_step", "evaluate"] {
            trainer.run(program, &|source, to| match source {
                "divisor" => drop(to.fill_(2.0)),
                "shares" => drop(to.fill_(0.5)),
                "margins" | "labels" | "rows" => drop(to.fill_(0)),
                _ => drop(to.fill_(1)),
            });
        }
        prop_assert_eq!(trainer.peak, trainer.lowered.peak_bytes() as i64);
    }
}
