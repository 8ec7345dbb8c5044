//! Several documents in one sample, and padding behind one: every architecture gives the logits and gradients that each document gives
//! alone, and takes the memory that its program says.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail by panicking, as tests do

#[allow(dead_code)]
mod trainer;

use regimen_base::program::{Program, Role};
use regimen_base::tensor::{DType, Mesh, TensorType};
use regimen_compiler::arch::ModelSpec;
use regimen_compiler::arch::deberta::Deberta;
use regimen_compiler::arch::inputs::Inputs;
use regimen_compiler::experiment::{Recompute, Stage};
use regimen_compiler::graph::{Graph, Value};
use regimen_compiler::ops::add::add;
use regimen_compiler::ops::concat::concat;
use regimen_compiler::ops::cross_entropy::cross_entropy;
use regimen_compiler::ops::fill::fill;
use regimen_compiler::passes;
use std::collections::BTreeMap;
use tch::Tensor;
use trainer::Trainer;
use trainer::stages::encoders::{bert, deberta, detection_stage, electra, masked_stage, roberta};
use trainer::stages::{gpt, llama, stage};

const VOCAB: u64 = 31;
const SIZES: [u64; 4] = [2, 2, 12, 20];
const CONTEXT: u64 = 14;

/// Tokens, and to which document and place in it they belong; 0 is padding.
#[derive(Clone, Debug)]
struct Sample {
    tokens: Vec<i64>,
    segments: Vec<i64>,
    positions: Vec<i64>,
}

impl Sample {
    fn alone(document: &[i64]) -> Sample {
        let n = document.len();
        Sample { tokens: document.to_vec(), segments: vec![1; n], positions: (0..n as i64).collect() }
    }

    /// Documents one after another, and padding.
    fn packed(documents: &[Vec<i64>]) -> Sample {
        let mut all = Sample { tokens: vec![], segments: vec![], positions: vec![] };
        for (number, document) in documents.iter().enumerate() {
            all.tokens.extend(document);
            all.segments.extend(document.iter().map(|_| number as i64 + 1));
            all.positions.extend(0..document.len() as i64);
        }
        for row in [&mut all.tokens, &mut all.segments, &mut all.positions] {
            row.resize(CONTEXT as usize, 0);
        }
        all
    }

    fn labels(&self, classes: i64) -> Vec<i64> {
        let label =
            |(token, segment): (&i64, &i64)| if *segment == 0 { -100 } else { (token * 3 + 1) % classes };
        self.tokens.iter().zip(&self.segments).map(label).collect()
    }
}

fn documents() -> Vec<Vec<i64>> {
    [(5, 3), (1, 8), (6, 20)]
        .map(|(n, first)| (0..n).map(|i| (first + i * i) % VOCAB as i64).collect())
        .to_vec()
}

/// What a forward pass is told beside tokens.
#[derive(Clone, Copy, PartialEq)]
enum Told {
    Nothing,
    Segments,
    SegmentsAndPositions,
}

/// All predictions of the stage's model `[B, T, classes]`.
fn predictions(g: &mut Graph, stage: &Stage, inputs: Inputs) -> Vec<Value> {
    let spec = &stage.model.spec;
    let Some(detector) = spec.detector() else {
        let hidden = spec.forward(g, inputs).expect("fits");
        return vec![spec.head(g, hidden).expect("fits")];
    };
    let scores = detector.discriminator(g, inputs).expect("fits");
    let zeros = fill(g, "zeros", 0.0, g.ty(scores).clone()).expect("fits");
    let classes = concat(g, "classes", &[zeros, scores], 2).expect("fits");
    vec![detector.generator(g, inputs).expect("fits"), classes]
}

/// Forward and backward of one sample of `length` tokens, and its predictions.
fn program(stage: &Stage, trainer: &Trainer, length: u64, told: Told, documents: f64) -> Program {
    let device = regimen_compiler::stages::traits(stage);
    let mut g = Graph::new(trainer.lowered.residents.clone(), Mesh::default(), device, DType::F32);
    g.training = true;
    let ty = TensorType::new(DType::I64, [1, length]);
    let tokens = g.input("tokens", ty.clone());
    let segments = (told != Told::Nothing).then(|| g.input("segments", ty.clone()));
    let positions = (told == Told::SegmentsAndPositions).then(|| g.input("positions", ty.clone()));
    let found = predictions(&mut g, stage, Inputs { segments, positions, ..Inputs::from(tokens) });
    let divisor = fill(&mut g, "divisor", documents, TensorType::new(DType::F32, [])).expect("fits");
    let mut loss = None;
    for (index, logits) in found.iter().enumerate() {
        let labels = g.input(&format!("labels.{}", g.size_from_end(*logits, 0)), ty.clone());
        let one = cross_entropy(&mut g, &format!("loss.{index}"), *logits, labels, divisor).expect("fits");
        loss = Some(loss.map_or(one, |sum| add(&mut g, "loss", sum, one).expect("fits")));
    }
    g.outputs.extend(found);
    passes::training_program(g, "test", loss.expect("a prediction"), Recompute::None).expect("lowers")
}

/// Predictions by position, and what the sample adds to each gradient.
struct Found {
    predictions: Vec<Vec<Vec<f32>>>,
    gradients: BTreeMap<String, Vec<f32>>,
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor.reshape([-1])).expect("f32")
}

fn run(stage: &Stage, trainer: &Trainer, sample: &Sample, told: Told) -> Found {
    let program = program(stage, trainer, sample.tokens.len() as u64, told, 12.0);
    let put = |tensor: &mut Tensor, row: &[i64]| tensor.copy_(&Tensor::from_slice(row).unsqueeze(0));
    let outputs = trainer.run_other(program, &|source, tensor| match source {
        "tokens" => put(tensor, &sample.tokens),
        "segments" => put(tensor, &sample.segments),
        "positions" => put(tensor, &sample.positions),
        "samples" => drop(tensor.fill_(0)),
        labels => {
            let classes = labels.strip_prefix("labels.").and_then(|n| n.parse().ok());
            put(tensor, &sample.labels(classes.expect("classes")));
        }
    });
    let rows = |all: &Tensor| (0..all.size()[1]).map(|t| numbers(&all.select(1, t))).collect();
    let predictions = outputs.iter().map(rows).collect();
    let mut gradients = BTreeMap::new();
    for (resident, tensor) in trainer.lowered.residents.iter().zip(&trainer.residents) {
        if resident.role == Role::Gradient {
            gradients.insert(resident.name.to_string(), numbers(tensor));
            let _ = tensor.shallow_clone().zero_();
        }
    }
    Found { predictions, gradients }
}

/// A trainer whose weights are large enough that attention chooses.
fn started(stage: &Stage) -> Trainer {
    let mut trainer = Trainer::new(stage, 1);
    trainer.run("initialise", &|_, _| ());
    for (resident, tensor) in trainer.lowered.residents.iter().zip(&trainer.residents) {
        if resident.role == Role::Weight && resident.ty.rank() == 2 {
            let _ = tensor.shallow_clone().multiply_scalar_(12.0);
        }
    }
    trainer
}

fn near(what: &str, got: &[f32], wanted: &[f32], limit: f64) {
    assert_eq!(got.len(), wanted.len(), "{what}");
    let off = got.iter().zip(wanted).map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max);
    assert!(off < limit, "{what}: off by {off}");
}

/// Compares a sample of several documents with each of them alone.
fn compare(stage: &Stage, documents: &[Vec<i64>], told: Told) {
    let trainer = started(stage);
    let together = run(stage, &trainer, &Sample::packed(documents), told);
    let mut sums: BTreeMap<String, Vec<f32>> = BTreeMap::new();
    let mut first = 0;
    for document in documents {
        let alone = run(stage, &trainer, &Sample::alone(document), Told::Nothing);
        for (all, own) in together.predictions.iter().zip(&alone.predictions) {
            for (t, wanted) in own.iter().enumerate() {
                near(&format!("{} at {t} of {document:?}", stage.kind), &all[first + t], wanted, 2e-5);
            }
        }
        first += document.len();
        for (name, gradient) in alone.gradients {
            let sum = sums.entry(name).or_insert_with(|| vec![0.0; gradient.len()]);
            sum.iter_mut().zip(gradient).for_each(|(a, b)| *a += b);
        }
    }
    assert!(sums.values().flatten().any(|x| x.abs() > 0.01), "there is a gradient");
    for (name, wanted) in &sums {
        let largest = wanted.iter().fold(1.0f32, |a, b| a.max(b.abs()));
        near(name, &together.gradients[name], wanted, 2e-5 * f64::from(largest));
    }
}

/// Documents packed together, and one with padding behind it, whose positions need not be told.
fn check(stage: &Stage) {
    let _turn = trainer::turn(2);
    compare(stage, &documents(), Told::SegmentsAndPositions);
    compare(stage, &documents()[2..], Told::Segments);
}

fn with(model: impl ModelSpec + 'static) -> Stage {
    stage(model, 1, 1)
}

#[test]
fn gpt_sees_one_document_at_a_time() {
    check(&with(gpt(2, 2, 12, CONTEXT, VOCAB)));
}

/// With so little dropout that nothing is dropped, attention is composed of its parts.
#[test]
fn attention_of_parts_sees_one_document_at_a_time() {
    let mut model = gpt(2, 2, 12, CONTEXT, VOCAB);
    model.attention_dropout = 1e-9;
    check(&with(model));
}

#[test]
fn llama_sees_one_document_at_a_time() {
    check(&with(llama([2, 4, 2, 16, 20], CONTEXT, VOCAB)));
}

#[test]
fn bert_sees_one_document_at_a_time() {
    check(&masked_stage(bert(SIZES, CONTEXT, VOCAB), 1, 1));
}

#[test]
fn roberta_sees_one_document_at_a_time() {
    check(&masked_stage(roberta(SIZES, CONTEXT, VOCAB), 1, 1));
}

#[test]
fn electra_sees_one_document_at_a_time() {
    check(&detection_stage(electra([1, 2, 8, 10], SIZES, 10, CONTEXT, VOCAB), 1, 1));
}

#[test]
fn deberta_sees_one_document_at_a_time() {
    let mut model = deberta(SIZES, CONTEXT, VOCAB);
    model.blocks.buckets = Some(4);
    check(&masked_stage(model.clone(), 1, 1));
    check(&masked_stage(Deberta { enhanced: true, ..model }, 1, 1));
}

/// Without segments the documents see each other: the comparison can fail.
#[test]
#[should_panic(expected = "off by")]
fn without_segments_documents_see_each_other() {
    let _turn = trainer::turn(2);
    compare(&with(gpt(2, 2, 12, CONTEXT, VOCAB)), &documents(), Told::Nothing);
}
