//! Golden files: what other tools computed, and our numbers beside theirs.

use super::Trainer;
use regimen_base::plan::ExchangeTensor;
use regimen_base::program::{Program, ResidentId, Role};
use regimen_compiler::experiment::Stage;
use regimen_compiler::graph::{Graph, Value};
use regimen_compiler::stages::Lowered;
use safetensors::SafeTensors;
use std::path::PathBuf;
use tch::{Kind, Tensor};

/// A file of `tests/golden`.
pub fn read(path: &str, file: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(path);
    std::fs::read(folder.join(file)).expect("the golden files are there")
}

/// The tensor with this name.
pub fn tensor(file: &SafeTensors, name: &str) -> Tensor {
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
pub fn weight(file: &SafeTensors, exchange: &ExchangeTensor) -> Tensor {
    let stored = tensor(file, &exchange.theirs);
    if exchange.transposed { stored.tr().contiguous() } else { stored }
}

/// A trainer that starts from these weights, which have these names there.
pub fn trainer_from(
    stage: &Stage,
    micro_batch: u64,
    weights: &SafeTensors,
    names: &[ExchangeTensor],
) -> Trainer {
    let mut trainer = Trainer::new(stage, micro_batch);
    for (index, exchange) in names.iter().enumerate() {
        assert_eq!(*trainer.lowered.residents[index].name, *exchange.ours);
        trainer.residents[index].copy_(&weight(weights, exchange));
    }
    trainer
}

/// Logits of all positions: a program of this test, over the stage's residents.
pub fn logits_program(stage: &Stage, lowered: &Lowered, rows: u64) -> Program {
    program(stage, lowered, rows, |g, tokens| {
        let hidden = stage.model.spec.forward(g, tokens.into()).expect("fits");
        stage.model.spec.head(g, hidden).expect("fits")
    })
}

/// A program from tokens `[rows, T]` to what `build` makes of them, over the stage's residents.
pub fn program(
    stage: &Stage,
    lowered: &Lowered,
    rows: u64,
    build: impl FnOnce(&mut Graph, Value) -> Value,
) -> Program {
    use regimen_base::tensor::{DType, Mesh, TensorType};
    let device = regimen_compiler::stages::traits(stage);
    let mut g = Graph::new(lowered.residents.clone(), Mesh::default(), device, DType::F32);
    let tokens = g.input("tokens", TensorType::new(DType::I64, [rows, stage.sequence]));
    let result = build(&mut g, tokens);
    g.outputs.push(result);
    regimen_compiler::passes::finish(g, "test")
}

/// Largest absolute difference of two elements.
pub fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
    (a.to_kind(Kind::Double) - b.to_kind(Kind::Double)).abs().max().double_value(&[])
}

/// Compares every accumulated gradient with theirs.
pub fn check_gradients(names: &[ExchangeTensor], trainer: &Trainer, expected: &SafeTensors) {
    let gradients: Vec<usize> = (0..trainer.lowered.residents.len())
        .filter(|i| trainer.lowered.residents[*i].role == Role::Gradient)
        .collect();
    assert_eq!(gradients.len(), names.len());
    for index in gradients {
        let resident = &trainer.lowered.residents[index];
        let ResidentId(of) = resident.of.expect("of a weight");
        let entry = &names[of as usize];
        let theirs = ExchangeTensor { theirs: format!("grad.{}", entry.theirs), ..entry.clone() };
        let wanted = weight(expected, &theirs).to_kind(Kind::Double);
        let off = (trainer.residents[index].to_kind(Kind::Double) - &wanted).norm().double_value(&[]);
        let size = wanted.norm().double_value(&[]);
        assert!(off <= 1e-5 * size + 1e-8, "{}: off by {off}, norm {size}", resident.name);
    }
}
