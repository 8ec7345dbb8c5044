//! BERT's pretraining as transformers does it: masked language modelling and next-sentence prediction from the same weights, on the same
//! pairs of texts. The golden files are made by `cargo xtask oracles`.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail by panicking, as tests do

#[allow(dead_code)]
mod trainer;

use proptest::prelude::*;
use regimen_base::SourceMap;
use regimen_base::program::ResidentId;
use regimen_compiler::arch::inputs::Inputs;
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
use trainer::golden::{check_gradients, largest_difference, program, read, tensor, trainer_from};
use trainer::stages::encoders::{self as models, pair_stage};

/// The samples of one step.
struct Batch {
    tokens: Tensor,
    labels: Tensor,
    types: Tensor,
    lengths: Tensor,
    follows: Tensor,
}

impl Batch {
    fn of(golden: &SafeTensors, step: i64) -> Batch {
        let [tokens, labels, types, lengths, follows] =
            ["tokens", "labels", "types", "lengths", "follows"].map(|name| tensor(golden, name).get(step));
        Batch { tokens, labels, types, lengths, follows }
    }

    /// Fills an input of a program with the samples from `first` on.
    fn fill(&self, first: i64, source: &str, to: &mut Tensor) {
        let rows = to.size().first().copied().unwrap_or(1);
        let length = self.tokens.size()[1];
        let part = |all: &Tensor| all.narrow(0, first, rows);
        let counted = |count: Tensor| count.to_kind(Kind::Double).double_value(&[]);
        let count = |n: i64| Tensor::arange(n, (Kind::Int64, Device::Cpu));
        match source {
            "tokens" => to.copy_(&part(&self.tokens)),
            "labels" => to.copy_(&part(&self.labels)),
            "types" => to.copy_(&part(&self.types)),
            "follows" => to.copy_(&part(&self.follows)),
            "segments" => {
                to.copy_(&count(length).less_tensor(&part(&self.lengths).unsqueeze(1)).to_kind(Kind::Int64))
            }
            "rows" => to.copy_(&(count(rows) * length)),
            "divisor" => drop(to.fill_(counted(self.labels.ne(-100).sum(Kind::Double)))),
            "pair_divisor" => drop(to.fill_(self.follows.size()[0] as f64)),
            "samples" => to.copy_(&(count(rows) + first)),
            other => panic!("unknown input {other}"),
        }
    }
}

fn config(path: &str) -> Value {
    serde_json::from_slice(&read(path, "config.json")).expect("JSON")
}

/// Logits of the first batch: of tokens, and of following.
fn check_logits(stage: &Stage, trainer: &Trainer, batch: &Batch, golden: &SafeTensors) {
    use regimen_base::tensor::{DType, TensorType};
    for (name, pooled) in [("logits", false), ("next", true)] {
        let program = program(stage, &trainer.lowered, 3, |g, tokens| {
            let ty = g.ty(tokens).clone();
            let segments = Some(g.input("segments", ty.clone()));
            let types = Some(g.input("types", ty));
            let hidden = stage
                .model
                .spec
                .forward(g, Inputs { segments, types, ..Inputs::from(tokens) })
                .expect("fits");
            if pooled {
                let rows = g.input("rows", TensorType::new(DType::I64, [3]));
                stage.model.spec.follows(g, hidden, rows).expect("fits")
            } else {
                stage.model.spec.head(g, hidden).expect("fits")
            }
        });
        let found = trainer.run_other(program, &|source, to| batch.fill(0, source, to));
        // What stands at padding means nothing, and is another number there.
        let text = Tensor::arange(stage.sequence as i64, (Kind::Int64, Device::Cpu))
            .less_tensor(&batch.lengths.unsqueeze(1))
            .unsqueeze(2);
        let kept = |x: &Tensor| if pooled { x.shallow_clone() } else { x * &text };
        let off = largest_difference(&kept(&found[0]), &kept(&tensor(golden, name)));
        assert!(off < 2e-5, "{name} differ by {off}");
    }
}

fn check(path: &str, micro_batch: u64) {
    let _turn = trainer::turn(2);
    let (weights, golden) = (read(path, "model.safetensors"), read(path, "golden.safetensors"));
    let weights = SafeTensors::deserialize(&weights).expect("safetensors");
    let golden = SafeTensors::deserialize(&golden).expect("safetensors");
    let (losses, norms) = (tensor(&golden, "losses"), tensor(&golden, "norms"));
    let stage = pair_stage(configs::bert(&config(path)), 3, micro_batch);
    let names = stage.model.spec.exchange().tensors;
    let batches: Vec<Batch> = (0..losses.size()[0]).map(|step| Batch::of(&golden, step)).collect();
    // Parameters are those of transformers' model; it stores nothing else.
    assert_eq!(names.len(), weights.len());
    let mut trainer = trainer_from(&stage, micro_batch, &weights, &names);
    check_logits(&stage, &trainer, &batches[0], &golden);
    for (step, batch) in (0i64..).zip(&batches) {
        trainer.set("step", step as f64);
        for first in (0..3).step_by(micro_batch as usize) {
            trainer.run("micro_step", &|source, to| batch.fill(first, source, to));
        }
        if step == 0 {
            check_gradients(&names, &trainer, &golden);
        }
        trainer.set("learning_rate", 1e-2);
        trainer.run("update", &|_, _| ());
        let (loss, wanted) = (trainer.take("loss_sum"), losses.double_value(&[step]));
        assert!((loss - wanted).abs() < 1e-4, "step {step}: loss {loss}, transformers has {wanted}");
        let parts = trainer.take("masked_lm_loss_sum") + trainer.take("next_sentence_loss_sum");
        assert!((loss - parts).abs() < 1e-5, "step {step}: {loss} is not the sum of its parts, {parts}");
        let (norm, wanted) = (trainer.take("grad_norm"), norms.double_value(&[step]));
        assert!((norm / wanted - 1.0).abs() < 1e-3, "step {step}: norm {norm}, torch has {wanted}");
    }
}

#[test]
fn pretraining_of_bert_equals_transformers() {
    check("bert/pairs", 3);
}

#[test]
fn pretraining_of_an_odd_bert_equals_transformers_with_accumulation() {
    check("bert/pairs_odd", 1);
}

#[test]
fn models_of_transformers_are_imported_whole_and_give_classifiers_their_pooler() {
    let _turn = trainer::turn(2);
    let path = "bert/pairs";
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(path);
    let stored = read(path, "model.safetensors");
    let stored = SafeTensors::deserialize(&stored).expect("safetensors");
    let numbers = |name: &str| Vec::<f32>::try_from(tensor(&stored, name).reshape([-1])).expect("f32");
    let classes = models::classify_stage(configs::bert(&config(path)), 3, 2, 2);
    let pairs = pair_stage(configs::bert(&config(path)), 2, 2);
    for (stage, dense) in [(pairs, "next_sentence.dense.weight"), (classes, "classifier.dense.weight")] {
        let experiment = Experiment { name: "e".into(), seed: 1, stages: vec![stage] };
        let stage =
            planning::plan(&experiment, &SourceMap::default()).content.expect("plans").stages.remove(0);
        let mut engine = Libtorch::new(&stage, Observe::Peak).expect("allocates");
        exchange::import(&stage, &mut engine, &folder).expect("imports");
        let index = stage.residents.iter().position(|r| *r.name == *dense).expect("listed");
        let bytes = engine.bytes(ResidentId(index as u32)).expect("readable").into_owned();
        let found: Vec<f32> =
            bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        assert_eq!(found, numbers("bert.pooler.dense.weight"), "{dense}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// [`Trainer::run`] compares the bytes of every instruction with the plan.
    #[test]
    fn every_byte_is_the_planned_one(
        layers in 1u64..3, heads in 1u64..3, half in 1u64..5, context in 5u64..40, micro in 1u64..3,
    ) {
        let _turn = trainer::turn(2);
        let hidden = heads * 2 * half;
        let stage = pair_stage(models::bert([layers, heads, hidden, hidden + 3], context, 19), 2 * micro, micro);
        let mut trainer = Trainer::new(&stage, micro);
        trainer.run("initialise", &|_, _| ());
        for program in ["micro_step", "evaluate"] {
            trainer.run(program, &|source, to| match source {
                "divisor" | "pair_divisor" => drop(to.fill_(2.0)),
                "labels" | "rows" | "follows" => drop(to.fill_(0)),
                _ => drop(to.fill_(1)),
            });
        }
        trainer.run("update", &|_, _| ());
        prop_assert!(trainer.take("eval_next_sentence_loss_sum").is_finite());
    }
}
