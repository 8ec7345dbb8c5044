//! Classification: each sample is one text, and the model tells which class it belongs to.
//!
//! | program | what it does |
//! |---|---|
//! | `initialise` | fills the weights, those of the new head among them |
//! | `micro_step` | forward and backward of one micro-batch; adds to gradients and to the summed loss |
//! | `update` | norm of the gradient, clipping, the optimizer, gradients back to zero |
//! | `evaluate` | forward of one batch; adds to the summed validation loss and gives the logits, from which the host counts |
//!
//! The loss is the mean cross-entropy over the samples of the global batch. Padding is a segment of its own, which nothing sees.

use super::training::{self, Own, metric};
use super::{Fixed, Lowered, Lowering, Probed, new_graph};
use crate::arch::ModelSpec;
use crate::arch::classifier::Classifier;
use crate::arch::inputs::Inputs;
use crate::experiment::Stage;
use crate::graph::{Graph, ShapeError, Value};
use crate::ops::accumulate::accumulate;
use crate::ops::cross_entropy::cross_entropy;
use crate::passes;
use regimen_base::data::{Marks, TokenizerFacts};
use regimen_base::program::Program;
use regimen_base::schedule::{Feed, Reads, Records};
use regimen_base::tensor::{DType, TensorType};

/// The kind.
pub(super) struct Classify;

impl Lowering for Classify {
    fn micro_step(&self, mut g: Graph, stage: &Stage, samples: u64) -> Result<Program, ShapeError> {
        g.training = true;
        let (loss, _) = loss_of_batch(&mut g, stage, samples, "loss_sum")?;
        passes::training_program(g, "micro_step", loss, stage.recompute)
    }

    fn lower(&self, stage: &Stage, seed: u64, fixed: &Fixed, probed: Probed) -> Result<Lowered, ShapeError> {
        let Probed { micro_batch, micro_step } = probed;
        let evaluate = evaluate(new_graph(stage, &fixed.residents, seed), stage, micro_batch)?;
        let programs = vec![micro_step, evaluate];
        let feeds = feeds(stage, seed, micro_batch)?;
        let accumulate = training::accumulate(stage, micro_batch);
        let (metrics, evaluated) = (metric("loss", "loss_sum"), metric("loss", "eval_loss_sum"));
        let schedule = training::schedule(stage, accumulate, &feeds, vec![metrics], vec![evaluated]);
        let runs = training::runs(stage, accumulate, &feeds);
        Ok(training::complete(stage, micro_batch, fixed, Own { programs, feeds, schedule, runs }))
    }
}

fn evaluate(mut g: Graph, stage: &Stage, samples: u64) -> Result<Program, ShapeError> {
    let (_, logits) = loss_of_batch(&mut g, stage, samples, "eval_loss_sum")?;
    g.outputs.push(logits);
    Ok(passes::finish(g, "evaluate"))
}

/// Loss and logits `[B, classes]` of a batch; the loss is added to a resident sum.
fn loss_of_batch(
    g: &mut Graph,
    stage: &Stage,
    samples: u64,
    sum: &str,
) -> Result<(Value, Value), ShapeError> {
    let classifier = classifier(stage)?;
    let (all, one) = ([samples, stage.sequence], [samples]);
    let tokens = g.input("tokens", TensorType::new(DType::I64, all));
    let segments = g.input("segments", TensorType::new(DType::I64, all));
    let rows = g.input("rows", TensorType::new(DType::I64, one));
    let labels = g.input("labels", TensorType::new(DType::I64, one));
    let divisor = g.input("divisor", TensorType::new(DType::F32, []));
    let inputs = Inputs { segments: Some(segments), ..Inputs::from(tokens) };
    let hidden = classifier.forward(g, inputs)?;
    let logits = classifier.logits(g, hidden, rows)?;
    let loss = cross_entropy(g, "loss", logits, labels, divisor)?;
    let sum = g.scalar(sum)?;
    accumulate(g, "loss_sum", sum, loss)?;
    Ok((loss, logits))
}

/// The stage's model as what it is: a body with a head for whole texts.
pub(super) fn classifier(stage: &Stage) -> Result<&Classifier, ShapeError> {
    stage.model.spec.classifier().ok_or_else(|| ShapeError {
        op: stage.kind,
        name: stage.model.name.clone(),
        message: "the model has no head for whole texts".into(),
    })
}

/// The usual feeds, of records.
fn feeds(stage: &Stage, seed: u64, micro_batch: u64) -> Result<Vec<Feed>, ShapeError> {
    let records = Records { marks: marks(stage), reads: classifier(stage)?.reads() };
    let mut feeds = training::feeds(stage, seed, micro_batch);
    for feed in &mut feeds {
        feed.records = Some(records.clone());
    }
    Ok(feeds)
}

/// The tokens around each text.
pub fn marks(stage: &Stage) -> Marks {
    let reads = stage.model.spec.classifier().map_or(Reads::Last, Classifier::reads);
    marks_around(reads, &stage.tokenizer_facts, stage.model.spec.vocab())
}

/// The tokens around texts that are told by this token: those that encoders are used to, if the table of so many rows has them. What fills
/// samples up is seen by nothing, so it may be any token.
pub fn marks_around(reads: Reads, facts: &TokenizerFacts, rows: u64) -> Marks {
    let marks = match reads {
        Reads::First => facts.marks_within(rows),
        Reads::Last => Marks { padding: facts.marks.padding, ..Marks::default() },
    };
    Marks { padding: marks.padding.or(Some(facts.end_of_text)), ..marks }
}
