//! Classifiers as transformers made them: the same logits, gradients and losses of twenty AdamW steps from the same weights, on the same
//! batches with padding. The golden files are made by `cargo xtask oracles`.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail by panicking, as tests do

#[allow(dead_code)]
mod trainer;

use proptest::prelude::*;
use regimen_base::SourceMap;
use regimen_base::program::ResidentId;
use regimen_compiler::arch::ModelSpec;
use regimen_compiler::experiment::{Experiment, Stage};
use regimen_compiler::planning;
use regimen_runtime::exchange;
use regimen_runtime::run::{Libtorch, Observe, Residents};
use safetensors::SafeTensors;
use serde_json::Value;
use std::path::PathBuf;
use tch::{Device, Kind, Tensor};
use trainer::Trainer;
use trainer::configs;
use trainer::golden::{check_gradients, largest_difference, read, tensor, trainer_from};
use trainer::stages::encoders::{self as models, classify_stage};
use trainer::stages::{gpt, llama};

/// Samples of a step: tokens `[B, T]`, how many of each are no padding, and labels.
struct Batch {
    tokens: Tensor,
    lengths: Tensor,
    labels: Tensor,
}

impl Batch {
    /// Fills an input of a program with the samples from `first` on.
    fn fill(&self, last: bool, first: i64, divisor: f64, source: &str, to: &mut Tensor) {
        let (rows, length) = (to.size().first().copied().unwrap_or(1), self.tokens.size()[1]);
        let part = |all: &Tensor| all.narrow(0, first, rows);
        let places = Tensor::arange(length, (Kind::Int64, Device::Cpu));
        match source {
            "tokens" => to.copy_(&part(&self.tokens)),
            "segments" => {
                to.copy_(&places.less_tensor(&part(&self.lengths).unsqueeze(1)).to_kind(Kind::Int64))
            }
            "rows" => {
                let read = if last {
                    part(&self.lengths) - 1
                } else {
                    Tensor::zeros([rows], (Kind::Int64, Device::Cpu))
                };
                to.copy_(&(Tensor::arange(rows, (Kind::Int64, Device::Cpu)) * length + read));
            }
            "labels" => to.copy_(&part(&self.labels)),
            "divisor" => drop(to.fill_(divisor)),
            "samples" => to.copy_(&(Tensor::arange(rows, (Kind::Int64, Device::Cpu)) + first)),
            other => panic!("unknown input {other}"),
        }
    }
}

fn run(
    trainer: &mut Trainer,
    program: &str,
    batch: &Batch,
    last: bool,
    first: i64,
    divisor: f64,
) -> Vec<Tensor> {
    trainer.run(program, &|source, to| batch.fill(last, first, divisor, source, to))
}

fn check(family: &str, model: impl ModelSpec + 'static, last: bool, micro_batch: u64) {
    check_in(&format!("{family}/classifier"), model, last, micro_batch);
}

fn check_in(path: &str, model: impl ModelSpec + 'static, last: bool, micro_batch: u64) {
    let _turn = trainer::turn(2);
    let (weights, golden) = (read(path, "model.safetensors"), read(path, "golden.safetensors"));
    let weights = SafeTensors::deserialize(&weights).expect("safetensors");
    let expected = SafeTensors::deserialize(&golden).expect("safetensors");
    let [tokens, lengths, labels] = ["tokens", "lengths", "labels"].map(|name| tensor(&expected, name));
    let (losses, norms) = (tensor(&expected, "losses"), tensor(&expected, "norms"));
    let samples = labels.size()[1];
    let stage = classify_stage(model, 3, samples as u64, micro_batch);
    let names = stage.model.spec.exchange().tensors;
    let batches: Vec<Batch> = (0..tokens.size()[0])
        .map(|i| Batch { tokens: tokens.get(i), lengths: lengths.get(i), labels: labels.get(i) })
        .collect();
    let wanted = tensor(&expected, "logits");
    let mut trainer = trainer_from(&stage, micro_batch, &weights, &names);
    for first in (0..samples).step_by(micro_batch as usize) {
        let logits = run(&mut trainer, "evaluate", &batches[0], last, first, samples as f64);
        let off = largest_difference(&logits[0], &wanted.narrow(0, first, micro_batch as i64));
        assert!(off < 2e-5, "logits differ by {off}");
    }
    trainer.take("eval_loss_sum");
    for (step, batch) in batches.iter().enumerate() {
        trainer.set("step", step as f64);
        for first in (0..samples).step_by(micro_batch as usize) {
            run(&mut trainer, "micro_step", batch, last, first, samples as f64);
        }
        if step == 0 {
            check_gradients(&names, &trainer, &expected);
        }
        trainer.set("learning_rate", 1e-2);
        trainer.run("update", &|_, _| ());
        let (loss, wanted) = (trainer.take("loss_sum"), losses.double_value(&[step as i64]));
        assert!((loss - wanted).abs() < 1e-4, "step {step}: loss {loss}, transformers has {wanted}");
        let (norm, wanted) = (trainer.take("grad_norm"), norms.double_value(&[step as i64]));
        assert!((norm / wanted - 1.0).abs() < 1e-3, "step {step}: norm {norm}, torch has {wanted}");
    }
}

fn config(family: &str) -> Value {
    serde_json::from_slice(&read(&format!("{family}/classifier"), "config.json")).expect("JSON")
}

#[test]
fn bert_tells_classes_as_in_transformers() {
    for micro_batch in [3, 1] {
        check("bert", configs::bert(&config("bert")), false, micro_batch);
    }
}

#[test]
fn roberta_tells_classes_as_in_transformers() {
    check("roberta", configs::roberta(&config("roberta")), false, 3);
}

#[test]
fn electra_tells_classes_as_in_transformers() {
    let config = config("electra");
    // The generator of a pair is no part of a classifier.
    let pair = serde_json::json!({ "generator": config, "discriminator": config });
    check("electra", configs::electra(&pair), false, 3);
}

#[test]
fn deberta_tells_classes_as_in_transformers() {
    check("deberta", configs::deberta(&config("deberta")), false, 3);
}

#[test]
fn neighbours_that_are_padding_do_not_count_in_a_convolution() {
    let path = "deberta/convolution_classifier";
    let config: Value = serde_json::from_slice(&read(path, "config.json")).expect("JSON");
    for micro_batch in [3, 1] {
        check_in(path, configs::deberta(&config), false, micro_batch);
    }
}

#[test]
fn gpt2_tells_classes_by_the_last_token_as_in_transformers() {
    check("gpt2", configs::gpt2(&config("gpt2")), true, 1);
}

#[test]
fn llama_tells_classes_by_the_last_token_as_in_transformers() {
    check("llama", configs::llama(&config("llama")), true, 3);
}

const KINDS: usize = 6;

fn stage(kind: usize, [layers, heads, head, context]: [u64; 4], classes: u64, batch: (u64, u64)) -> Stage {
    let (hidden, vocab) = (heads * head, 19);
    let sizes = [layers, heads, hidden, hidden + 3];
    let (whole, micro) = batch;
    match kind {
        0 => classify_stage(models::bert(sizes, context, vocab), classes, whole, micro),
        1 => classify_stage(models::roberta(sizes, context, vocab), classes, whole, micro),
        2 => classify_stage(models::electra(sizes, sizes, 6, context, vocab), classes, whole, micro),
        3 => {
            let mut model = models::deberta(sizes, context, vocab);
            (model.blocks.buckets, model.enhanced) = (Some(4), true);
            classify_stage(model, classes, whole, micro)
        }
        4 => classify_stage(gpt(layers, heads, hidden, context, vocab), classes, whole, micro),
        _ => classify_stage(llama([layers, heads, heads, hidden, 9], context, vocab), classes, whole, micro),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// [`Trainer::run`] compares the bytes of every instruction with the plan.
    #[test]
    fn every_byte_is_the_planned_one(
        kind in 0..KINDS, layers in 1u64..3, heads in 1u64..3, half in 1u64..5, context in 3u64..40, classes in 2u64..6, micro in 1u64..3,
    ) {
        let _turn = trainer::turn(2);
        let stage = stage(kind, [layers, heads, 2 * half, context], classes, (2 * micro, micro));
        let mut trainer = Trainer::new(&stage, micro);
        trainer.run("initialise", &|_, _| ());
        for program in ["micro_step", "evaluate"] {
            trainer.run(program, &|source, to| match source {
                "divisor" => drop(to.fill_(2.0)),
                "labels" | "rows" => drop(to.fill_(0)),
                _ => drop(to.fill_(1)),
            });
        }
        trainer.run("update", &|_, _| ());
        prop_assert!(trainer.take("eval_loss_sum").is_finite());
    }
}

/// The stage as the runtime has it.
fn planned(stage: Stage) -> regimen_base::plan::Stage {
    let experiment = Experiment { name: "e".into(), seed: 1, stages: vec![stage] };
    let outcome = planning::plan(&experiment, &SourceMap::default());
    outcome.content.expect("plans").stages.remove(0)
}

fn folder(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(path)
}

/// The numbers of a weight after a folder was imported.
fn weight(stage: &regimen_base::plan::Stage, engine: &Libtorch, name: &str) -> Vec<f32> {
    let index = stage.residents.iter().position(|r| *r.name == *name).expect("listed");
    let bytes = engine.bytes(ResidentId(index as u32)).expect("readable").into_owned();
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

#[test]
fn classifiers_of_transformers_are_imported_whole() {
    let _turn = trainer::turn(2);
    let electra = configs::electra(
        &serde_json::json!({ "generator": config("electra"), "discriminator": config("electra") }),
    );
    let stages = [
        ("bert", classify_stage(configs::bert(&config("bert")), 3, 3, 3)),
        ("roberta", classify_stage(configs::roberta(&config("roberta")), 3, 3, 3)),
        ("electra", classify_stage(electra, 3, 3, 3)),
        ("deberta", classify_stage(configs::deberta(&config("deberta")), 3, 3, 3)),
        ("gpt2", classify_stage(configs::gpt2(&config("gpt2")), 3, 3, 3)),
        ("llama", classify_stage(configs::llama(&config("llama")), 3, 3, 3)),
    ];
    for (family, stage) in stages {
        let stage = planned(stage);
        let mut engine = Libtorch::new(&stage, Observe::Peak).expect("allocates");
        let path = format!("{family}/classifier");
        exchange::import(&stage, &mut engine, &folder(&path)).unwrap_or_else(|d| panic!("{family}: {d:?}"));
        let stored = read(&path, "model.safetensors");
        let stored = SafeTensors::deserialize(&stored).expect("safetensors");
        assert_eq!(stage.model.exchange.tensors.len(), stored.len(), "{family}");
        for entry in &stage.model.exchange.tensors {
            let theirs = trainer::golden::weight(&stored, entry);
            let theirs = Vec::<f32>::try_from(theirs.reshape([-1])).expect("f32");
            assert_eq!(weight(&stage, &engine, &entry.ours), theirs, "{family}: {}", entry.ours);
        }
    }
}

#[test]
fn a_folder_without_a_head_gives_the_body_and_one_of_other_classes_is_refused() {
    let _turn = trainer::turn(2);
    let small: Value = serde_json::from_slice(&read("bert/small", "config.json")).expect("JSON");
    let stage = planned(classify_stage(configs::bert(&small), 4, 2, 2));
    let mut engine = Libtorch::new(&stage, Observe::Peak).expect("allocates");
    exchange::import(&stage, &mut engine, &folder("bert/small")).expect("its body");
    assert!(weight(&stage, &engine, "block.0.attn.q.weight").iter().any(|x| *x != 0.0));
    assert!(weight(&stage, &engine, "classifier.score.weight").iter().all(|x| *x == 0.0), "as it began");
    let four = planned(classify_stage(configs::bert(&config("bert")), 4, 2, 2));
    let mut engine = Libtorch::new(&four, Observe::Peak).expect("allocates");
    let refused =
        exchange::import(&four, &mut engine, &folder("bert/classifier")).expect_err("three classes there");
    assert!(format!("{refused:?}").contains("classifier.weight"), "{refused:?}");
}
