//! Scalar heads as transformers has them: scores of samples, values of tokens, gradients of a mean squared error, parameters. The golden
//! files are made by `cargo xtask oracles`.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail by panicking, as tests do

#[allow(dead_code)]
mod trainer;

use regimen_base::SourceMap;
use regimen_base::program::{Program, ResidentId};
use regimen_base::tensor::{DType, Mesh, TensorType};
use regimen_compiler::arch::ModelSpec;
use regimen_compiler::arch::inputs::Inputs;
use regimen_compiler::experiment::{Experiment, Recompute, Stage};
use regimen_compiler::graph::{Graph, Value};
use regimen_compiler::ops::add::add;
use regimen_compiler::ops::linear::linear;
use regimen_compiler::ops::reshape::reshape;
use regimen_compiler::ops::scale::scale;
use regimen_compiler::{passes, planning};
use regimen_runtime::exchange;
use regimen_runtime::run::{Libtorch, Observe, Residents};
use safetensors::SafeTensors;
use serde_json::{Value as Json, json};
use std::path::PathBuf;
use tch::{Device, Kind, Tensor};
use trainer::Trainer;
use trainer::configs;
use trainer::golden::{check_gradients, largest_difference, read, tensor, trainer_from};
use trainer::stages::encoders::scalar_stage;

const SAMPLES: i64 = 3;

/// One batch and what transformers computes of it.
struct Golden {
    tokens: Tensor,
    lengths: Tensor,
    targets: Tensor,
    last: bool,
}

impl Golden {
    fn fill(&self, source: &str, to: &mut Tensor) {
        let length = self.tokens.size()[1];
        let count = |n: i64| Tensor::arange(n, (Kind::Int64, Device::Cpu));
        let read = if self.last { &self.lengths - 1 } else { self.lengths.zeros_like() };
        match source {
            "tokens" => to.copy_(&self.tokens),
            "segments" => {
                to.copy_(&count(length).less_tensor(&self.lengths.unsqueeze(1)).to_kind(Kind::Int64))
            }
            "rows" => to.copy_(&(count(SAMPLES) * length + read)),
            "minus_targets" => to.copy_(&(-&self.targets).unsqueeze(0)),
            "samples" => to.copy_(&count(SAMPLES)),
            other => panic!("unknown input {other}"),
        }
    }
}

/// A program of this test: what `build` makes of hidden states.
fn program(
    stage: &Stage,
    trainer: &Trainer,
    train: bool,
    build: impl FnOnce(&mut Graph, Value) -> Value,
) -> Program {
    let device = regimen_compiler::stages::traits(stage);
    let mut g = Graph::new(trainer.lowered.residents.clone(), Mesh::default(), device, DType::F32);
    g.training = train;
    let all = TensorType::new(DType::I64, [SAMPLES as u64, stage.sequence]);
    let (tokens, segments) = (g.input("tokens", all.clone()), g.input("segments", all));
    let inputs = Inputs { segments: Some(segments), ..Inputs::from(tokens) };
    let hidden = stage.model.spec.forward(&mut g, inputs).expect("fits");
    let result = build(&mut g, hidden);
    g.outputs.push(result);
    if train {
        return passes::training_program(g, "test", result, Recompute::None).expect("fits");
    }
    passes::finish(g, "test")
}

fn config(family: &str) -> Json {
    serde_json::from_slice(&read(&format!("{family}/scalar"), "config.json")).expect("JSON")
}

fn check(family: &str, model: impl ModelSpec + 'static, last: bool) {
    let _turn = trainer::turn(2);
    let path = format!("{family}/scalar");
    let (weights, golden) = (read(&path, "model.safetensors"), read(&path, "golden.safetensors"));
    let weights = SafeTensors::deserialize(&weights).expect("safetensors");
    let golden = SafeTensors::deserialize(&golden).expect("safetensors");
    let [tokens, lengths, targets] = ["tokens", "lengths", "targets"].map(|name| tensor(&golden, name));
    let batch = Golden { tokens, lengths, targets, last };
    let stage = scalar_stage(model, SAMPLES as u64, SAMPLES as u64);
    let spec = stage.model.spec.clone();
    let head = spec.classifier().expect("a head");
    let names = spec.exchange().tensors;
    let stored: usize =
        weights.tensors().iter().map(|(_, view)| view.shape().iter().product::<usize>()).sum();
    assert_eq!(
        regimen_compiler::arch::parameters(spec.as_ref()),
        stored as u64,
        "parameters of transformers"
    );
    let trainer = trainer_from(&stage, SAMPLES as u64, &weights, &names);

    let score = |g: &mut Graph, hidden: Value| {
        let rows = g.input("rows", TensorType::new(DType::I64, [SAMPLES as u64]));
        head.logits(g, hidden, rows).expect("fits")
    };
    let scores =
        trainer.run_other(program(&stage, &trainer, false, score), &|source, to| batch.fill(source, to));
    let off = largest_difference(&scores[0], &tensor(&golden, "logits"));
    assert!(off < 2e-5, "scores differ by {off}");
    drop(scores);

    let values = |g: &mut Graph, hidden: Value| head.values(g, hidden);
    if last {
        let all =
            program(&stage, &trainer, false, |g, hidden| values(g, hidden).expect("a decoder has values"));
        let found = trainer.run_other(all, &|source, to| batch.fill(source, to));
        // What stands at padding means nothing, and is another number there.
        let text = Tensor::arange(stage.sequence as i64, (Kind::Int64, Device::Cpu))
            .less_tensor(&batch.lengths.unsqueeze(1));
        let off = largest_difference(&(&found[0] * &text), &(tensor(&golden, "values") * &text));
        assert!(off < 2e-5, "values differ by {off}");
    } else {
        let refused = std::cell::Cell::new(false);
        let _ = program(&stage, &trainer, false, |g, hidden| {
            refused.set(values(g, hidden).is_err());
            hidden
        });
        assert!(refused.get(), "an encoder's score is of the whole sample");
    }

    let error = |g: &mut Graph, hidden: Value| {
        let scores = score(g, hidden);
        let scores = reshape(g, "scores", scores, &[1, SAMPLES as u64]).expect("fits");
        let minus = g.input("minus_targets", TensorType::new(DType::F32, [1, SAMPLES as u64]));
        let off = add(g, "off", scores, minus).expect("fits");
        // The product of a row with itself is the sum of its squares.
        let sum = linear(g, "sum", off, off, None).expect("fits");
        let sum = reshape(g, "scalar", sum, &[]).expect("fits");
        scale(g, "loss", sum, 1.0 / SAMPLES as f64).expect("fits")
    };
    let loss =
        trainer.run_other(program(&stage, &trainer, true, error), &|source, to| batch.fill(source, to));
    let off = largest_difference(&loss[0], &tensor(&golden, "loss"));
    assert!(off < 2e-5, "losses differ by {off}");
    check_gradients(&names, &trainer, &golden);
}

#[test]
fn scores_of_encoders_equal_those_of_transformers() {
    check("bert", configs::bert(&config("bert")), false);
    check("roberta", configs::roberta(&config("roberta")), false);
    let pair = json!({ "generator": config("electra"), "discriminator": config("electra") });
    check("electra", configs::electra(&pair), false);
    check("deberta", configs::deberta(&config("deberta")), false);
}

#[test]
fn scores_and_values_of_decoders_equal_those_of_transformers() {
    check("gpt2", configs::gpt2(&config("gpt2")), true);
    check("llama", configs::llama(&config("llama")), true);
}

#[test]
fn scalar_heads_of_transformers_are_imported_and_other_heads_refused() {
    let _turn = trainer::turn(2);
    for (family, stage) in [
        ("gpt2", scalar_stage(configs::gpt2(&config("gpt2")), 3, 3)),
        ("llama", scalar_stage(configs::llama(&config("llama")), 3, 3)),
        ("bert", scalar_stage(configs::bert(&config("bert")), 3, 3)),
    ] {
        let experiment = Experiment { name: "e".into(), seed: 1, stages: vec![stage] };
        let outcome = planning::plan(&experiment, &SourceMap::default());
        let stage = outcome.content.expect("plans").stages.remove(0);
        let mut engine = Libtorch::new(&stage, Observe::Peak).expect("allocates");
        let folder =
            |path: &str| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(path);
        let path = format!("{family}/scalar");
        exchange::import(&stage, &mut engine, &folder(&path)).expect("imports");
        let stored = read(&path, "model.safetensors");
        let stored = SafeTensors::deserialize(&stored).expect("safetensors");
        // Every weight, the head's among them.
        for entry in &stage.model.exchange.tensors {
            let index = stage.residents.iter().position(|r| *r.name == *entry.ours).expect("listed");
            let found = engine.bytes(ResidentId(index as u32)).expect("readable").into_owned();
            let theirs = trainer::golden::weight(&stored, entry).reshape([-1]);
            let theirs = Vec::<f32>::try_from(theirs).expect("f32");
            let theirs: Vec<u8> = theirs.iter().flat_map(|x| x.to_le_bytes()).collect();
            assert!(found == theirs, "{family}: {}", entry.ours);
        }
        let refused = exchange::import(&stage, &mut engine, &folder(&format!("{family}/classifier")))
            .expect_err("three classes");
        let score = if family == "bert" { "classifier.weight" } else { "score.weight" };
        assert!(format!("{refused:?}").contains(score), "{refused:?}");
    }
}
