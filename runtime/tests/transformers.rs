//! GPT-2 as transformers made it: the same logits, gradients and losses of five AdamW steps from the same
//! weights. The golden files are made by `cargo xtask oracles`.

#[path = "../../compiler/tests/common/mod.rs"]
#[allow(dead_code)]
mod common;

use regimen_base::plan::ExchangeTensor;
use regimen_base::program::{Program, ResidentId, Role};
use regimen_base::schedule::{Decay, LearningRate};
use regimen_compiler::arch::gpt::Gpt;
use regimen_compiler::experiment::Stage;
use regimen_compiler::graph::Graph;
use regimen_compiler::stages::{Lowered, lower};
use regimen_runtime::execute::{Executable, Watch};
use regimen_runtime::library;
use safetensors::SafeTensors;
use std::path::PathBuf;
use tch::{Kind, Tensor};

struct Golden {
    weights: Vec<u8>,
    golden: Vec<u8>,
    model: Gpt,
}

fn golden(name: &str) -> Golden {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/gpt2").join(name);
    let read = |file: &str| std::fs::read(folder.join(file)).expect("the golden files are there");
    let config: serde_json::Value = serde_json::from_slice(&read("config.json")).expect("JSON");
    let number = |key: &str| config[key].as_u64();
    let n = |key: &str| number(key).expect("a number");
    let mut model = common::gpt(n("n_layer"), n("n_head"), n("n_embd"), n("n_positions"), n("vocab_size"));
    model.mlp = number("n_inner").unwrap_or(4 * model.hidden);
    Golden { weights: read("model.safetensors"), golden: read("golden.safetensors"), model }
}

fn tensor(file: &SafeTensors, name: &str) -> Tensor {
    let view = file.tensor(name).unwrap_or_else(|_| panic!("{name} is missing"));
    let shape: Vec<i64> = view.shape().iter().map(|n| *n as i64).collect();
    let kind = match view.dtype() {
        safetensors::Dtype::F32 => Kind::Float,
        safetensors::Dtype::F64 => Kind::Double,
        safetensors::Dtype::I64 => Kind::Int64,
        other => panic!("{other:?}"),
    };
    Tensor::from_data_size(view.data(), &shape, kind)
}

/// The weight in our layout.
fn weight(file: &SafeTensors, exchange: &ExchangeTensor) -> Tensor {
    let stored = tensor(file, &exchange.theirs);
    if exchange.transposed { stored.tr().contiguous() } else { stored }
}

struct Trainer {
    lowered: Lowered,
    residents: Vec<Tensor>,
}

impl Trainer {
    fn new(stage: &Stage, micro_batch: u64, weights: &SafeTensors) -> Trainer {
        let lowered = lower(stage, 1, micro_batch).expect("lowers");
        let mut residents: Vec<Tensor> =
            lowered.residents.iter().map(|r| library::full(&r.ty, 0.0).expect("allocates")).collect();
        for (index, exchange) in stage.model.spec.exchange().tensors.iter().enumerate() {
            assert_eq!(lowered.residents[index].name, exchange.ours);
            residents[index].copy_(&weight(weights, exchange));
        }
        Trainer { lowered, residents }
    }

    fn resident(&self, name: &str) -> &Tensor {
        let index = self.lowered.residents.iter().position(|r| r.name == name).expect("listed");
        &self.residents[index]
    }

    fn run(&self, program: &str, inputs: &[(&str, Tensor)]) {
        run(self.lowered.programs[program].clone(), &self.residents, inputs);
    }

    fn step(&self, batch: &Tensor, step: i64, learning_rate: f64) -> f64 {
        let rows = batch.size()[0];
        let micro = self.lowered.micro_batch as i64;
        let length = batch.size()[1] - 1;
        let _ = self.resident("step").shallow_clone().fill_(step);
        let _ = self.resident("learning_rate").shallow_clone().fill_(learning_rate);
        for first in (0..rows).step_by(micro as usize) {
            let part = batch.narrow(0, first, micro);
            let inputs = [
                ("tokens", part.narrow(1, 0, length).contiguous()),
                ("labels", part.narrow(1, 1, length).contiguous()),
                ("divisor", Tensor::from((rows * length) as f32)),
            ];
            self.run("micro_step", &inputs);
        }
        let loss = self.resident("loss_sum").double_value(&[]);
        let _ = self.resident("loss_sum").shallow_clone().zero_();
        loss
    }

    fn update(&self) -> f64 {
        self.run("update", &[]);
        let norm = self.resident("grad_norm").double_value(&[]);
        let _ = self.resident("grad_norm").shallow_clone().zero_();
        norm
    }
}

fn run(program: Program, residents: &[Tensor], inputs: &[(&str, Tensor)]) -> Vec<Tensor> {
    let ordered = program.inputs.iter().map(|input| {
        let found = inputs.iter().find(|(name, _)| *name == input.source);
        found.unwrap_or_else(|| panic!("{} is missing", input.source)).1.copy()
    });
    let ordered: Vec<Tensor> = ordered.collect();
    let mut executable = Executable::new(program).expect("known operations");
    executable.run(residents, ordered, &mut Watch::default()).expect("runs")
}

fn stage_of(golden: &Golden, batch: u64, micro_batch: u64) -> Stage {
    let mut stage = common::stage(golden.model.clone(), batch, micro_batch);
    stage.learning_rate =
        LearningRate { decay: Decay::Constant, peak: 1e-2, floor: 0.0, warmup: 0, cooldown: 0, steps: 5 };
    stage
}

/// Logits of all positions: a program of this test, over the stage's residents.
fn logits_program(stage: &Stage, lowered: &Lowered, rows: u64) -> Program {
    use regimen_base::tensor::{DType, Mesh, TensorType};
    let device =
        regimen_compiler::graph::Traits { backend: stage.hardware.backend, threads: stage.hardware.threads };
    let mut g = Graph::new(lowered.residents.clone(), Mesh::default(), device, DType::F32);
    let tokens = g.input("tokens", TensorType::new(DType::I64, [rows, stage.sequence]));
    let hidden = stage.model.spec.forward(&mut g, tokens).expect("fits");
    let logits = stage.model.spec.head(&mut g, hidden).expect("fits");
    g.outputs.push(logits);
    regimen_compiler::passes::finish(g, "logits")
}

fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
    (a.to_kind(Kind::Double) - b.to_kind(Kind::Double)).abs().max().double_value(&[])
}

fn check(name: &str, micro_batch: u64) {
    library::start(2).expect("starts");
    let golden = golden(name);
    let weights = SafeTensors::deserialize(&golden.weights).expect("safetensors");
    let expected = SafeTensors::deserialize(&golden.golden).expect("safetensors");
    let stage = stage_of(&golden, 3, micro_batch);
    let trainer = Trainer::new(&stage, micro_batch, &weights);
    let batches = tensor(&expected, "batches");
    let length = batches.size()[2] - 1;

    let tokens = batches.get(0).narrow(1, 0, length).contiguous();
    let program = logits_program(&stage, &trainer.lowered, 3);
    let logits = run(program, &trainer.residents, &[("tokens", tokens)]);
    let off = largest_difference(&logits[0], &tensor(&expected, "logits"));
    assert!(off < 2e-5, "logits differ by {off}");

    let losses = tensor(&expected, "losses");
    let norms = tensor(&expected, "norms");
    for step in 0..batches.size()[0] {
        let loss = trainer.step(&batches.get(step), step, 1e-2);
        let wanted = losses.double_value(&[step]);
        assert!((loss - wanted).abs() < 1e-5, "step {step}: loss {loss}, transformers has {wanted}");
        if step == 0 {
            check_gradients(&stage, &trainer, &expected);
        }
        let (norm, wanted) = (trainer.update(), norms.double_value(&[step]));
        assert!((norm / wanted - 1.0).abs() < 1e-5, "step {step}: norm {norm}, torch has {wanted}");
    }
}

fn check_gradients(stage: &Stage, trainer: &Trainer, expected: &SafeTensors) {
    let gradients: Vec<usize> = (0..trainer.lowered.residents.len())
        .filter(|i| trainer.lowered.residents[*i].role == Role::Gradient)
        .collect();
    let exchange = stage.model.spec.exchange().tensors;
    assert_eq!(gradients.len(), exchange.len());
    for index in gradients {
        let resident = &trainer.lowered.residents[index];
        let ResidentId(of) = resident.of.expect("of a weight");
        let entry = &exchange[of as usize];
        let theirs = ExchangeTensor { theirs: format!("grad.{}", entry.theirs), ..entry.clone() };
        let wanted = weight(expected, &theirs).to_kind(Kind::Double);
        let off = (trainer.residents[index].to_kind(Kind::Double) - &wanted).norm().double_value(&[]);
        let size = wanted.norm().double_value(&[]);
        assert!(off <= 1e-5 * size + 1e-8, "{}: off by {off}, norm {size}", resident.name);
    }
}

#[test]
fn gpt2_equals_transformers() {
    check("small", 3);
}

#[test]
fn an_odd_gpt2_equals_transformers_with_accumulation() {
    check("odd", 1);
}
