//! Documents that share a sample without seeing each other give the loss and the gradients that each gives alone.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail by panicking, as tests do

#[allow(dead_code)]
mod trainer;

use regimen_base::data::{
    Dataset, Format, NearDuplicates, Share, Source, Split, TextDocument, Tokenizer, TokenizerKind,
};
use regimen_base::program::Role;
use regimen_compiler::arch::ModelSpec;
use regimen_compiler::experiment::{Objective, Stage};
use regimen_data::{Documents, NoProgress, Place, Row, Stream};
use std::collections::BTreeMap;
use tch::Tensor;
use trainer::Trainer;
use trainer::stages::{gpt, llama, stage};

const SEQUENCE: usize = 48;
const VOCAB: u64 = 257;
const END: i64 = 256;
const IGNORED: i64 = -100;

/// One row of a batch.
#[derive(Clone)]
struct Sample {
    tokens: Vec<i64>,
    labels: Vec<i64>,
    segments: Vec<i64>,
    positions: Vec<i64>,
}

fn dataset() -> Dataset {
    let share = Share { numerator: 1, denominator: 1 };
    let source = Source {
        name: "lines".into(),
        format: Format::Text { document: TextDocument::Line },
        files: vec!["lines.txt".into()],
        share,
        cleaning: Default::default(),
        division: None,
    };
    Dataset {
        name: "lines".into(),
        sources: vec![source],
        mixing: None,
        clean: vec![],
        splits: vec![Split { name: "train".into(), share }],
        key: 1,
        fold: None,
        ordered_by: None,
        near_duplicates: NearDuplicates::Apart,
    }
}

/// All samples of one epoch of documents of many lengths, some longer than a sample.
fn samples() -> Vec<Sample> {
    let folder = tempfile::tempdir().expect("a folder");
    let lines: String = (0..9).map(|i| format!("{}{i}\n", "to be ".repeat(1 + (i * 5) % 11))).collect();
    std::fs::write(folder.path().join("lines.txt"), lines).expect("writes");
    let tokenizer = Tokenizer { name: "words".into(), kind: TokenizerKind::Bytes };
    let prepared =
        regimen_data::prepare(&Place::new(folder.path()), &tokenizer, None, &dataset(), &mut NoProgress)
            .expect("prepares");
    let file = prepared.split("train").expect("a part").clone();
    let stream = Stream::new(file, SEQUENCE as u64, Some(3)).expect("long enough");
    let count = stream.samples_per_epoch();
    let documents = Documents::new(stream, END as u32);
    let one = |index| {
        let new = || vec![0; SEQUENCE];
        let mut sample = Sample { tokens: new(), labels: new(), segments: new(), positions: new() };
        let Sample { tokens, labels, segments, positions } = &mut sample;
        documents.sample(index, Row { tokens, labels, segments, positions, types: &mut [] });
        let labelled = sample.labels.iter().filter(|label| **label != IGNORED).count() as u64;
        assert_eq!(documents.supervised(index), labelled);
        sample
    };
    (0..count).map(one).collect()
}

/// Every document or piece of one in a row of its own, at its beginning.
fn alone(samples: &[Sample]) -> Vec<Sample> {
    let mut all = vec![];
    for sample in samples {
        for number in 1..=*sample.segments.iter().max().expect("not empty") {
            let mine: Vec<usize> = (0..SEQUENCE).filter(|at| sample.segments[*at] == number).collect();
            let take = |of: &[i64], fill: i64| {
                let mut row: Vec<i64> = mine.iter().map(|at| of[*at]).collect();
                row.resize(SEQUENCE, fill);
                row
            };
            assert_eq!(take(&sample.positions, -1)[..mine.len()], (0..mine.len() as i64).collect::<Vec<_>>());
            let (tokens, labels) = (take(&sample.tokens, 0), take(&sample.labels, IGNORED));
            all.push(Sample { tokens, labels, segments: vec![], positions: vec![] });
        }
    }
    all
}

fn fill(tensor: &mut Tensor, source: &str, sample: &Sample, divisor: f32) {
    let numbers = match source {
        "tokens" => &sample.tokens,
        "labels" => &sample.labels,
        "segments" => &sample.segments,
        "positions" => &sample.positions,
        _ => return tensor.copy_(&Tensor::from_slice(&[divisor]).reshape(tensor.size())),
    };
    tensor.copy_(&Tensor::from_slice(numbers).reshape(tensor.size()));
}

struct Found {
    loss: f64,
    /// The loss of every document by itself.
    each: Vec<f64>,
    gradients: BTreeMap<String, Tensor>,
}

fn run(model: impl ModelSpec + 'static, documents: bool, samples: &[Sample], labels: f32) -> Found {
    let mut plan: Stage = stage(model, samples.len() as u64, 1);
    plan.objective = Objective::CausalLm { documents };
    plan.sequence = SEQUENCE as u64;
    let mut trainer = Trainer::new(&plan, 1);
    trainer.run("initialise", &|_, _| ());
    let mut each = vec![];
    for sample in samples {
        let numbers: Vec<i64> = if documents { sample.segments.clone() } else { vec![1; SEQUENCE] };
        for number in 1..=*numbers.iter().max().expect("not empty") {
            let mut one = sample.clone();
            let others = one.labels.iter_mut().zip(&numbers).filter(|(_, own)| **own != number);
            others.for_each(|(label, _)| *label = IGNORED);
            let count = one.labels.iter().filter(|label| **label != IGNORED).count().max(1) as f32;
            trainer.run("evaluate", &|source, tensor| fill(tensor, source, &one, count));
            each.push(trainer.take("eval_loss_sum"));
        }
    }
    for sample in samples {
        trainer.run("micro_step", &|source, tensor| fill(tensor, source, sample, labels));
    }
    let of_gradients = trainer.lowered.residents.iter().zip(&trainer.residents);
    let gradients = of_gradients
        .filter(|(resident, _)| resident.role == Role::Gradient)
        .map(|(resident, tensor)| (resident.name.to_string(), tensor.copy()))
        .collect();
    Found { loss: trainer.take("loss_sum"), each, gradients }
}

fn packed_is_as_alone(model: impl ModelSpec + Clone + 'static) {
    let _turn = trainer::turn(2);
    let packed = samples();
    let single = alone(&packed);
    assert!(single.len() > 2 * packed.len(), "{} pieces in {} samples", single.len(), packed.len());
    let labels = packed.iter().flat_map(|s| &s.labels).filter(|label| **label != IGNORED).count() as f32;
    let (together, alone) = (run(model.clone(), true, &packed, labels), run(model, false, &single, labels));
    assert!(alone.loss > 1.0 && (together.loss - alone.loss).abs() <= 2e-5 * alone.loss);
    assert_eq!(together.each.len(), alone.each.len());
    for (one, other) in together.each.iter().zip(&alone.each) {
        assert!((one - other).abs() <= 2e-5 * other.max(1.0), "{one} {other}");
    }
    for (name, alone) in &alone.gradients {
        let norm = alone.norm().double_value(&[]);
        let off = (&together.gradients[name] - alone).norm().double_value(&[]);
        assert!(off <= 2e-5 * norm + 1e-9, "{name}: {off} of {norm}");
    }
}

#[test]
fn documents_of_one_sample_give_the_losses_and_gradients_of_single_ones_in_gpt() {
    packed_is_as_alone(gpt(2, 2, 24, SEQUENCE as u64, VOCAB));
}

#[test]
fn documents_of_one_sample_give_the_losses_and_gradients_of_single_ones_in_llama() {
    packed_is_as_alone(llama([2, 4, 2, 24, 40], SEQUENCE as u64, VOCAB));
}
