//! Replaced token detection: a generator fills gaps, and a discriminator tells which tokens it replaced.
//!
//! | program | what it does |
//! |---|---|
//! | `initialise` | fills the weights |
//! | `micro_step` | forward and backward of one micro-batch, both parts; adds to gradients and to the summed losses |
//! | `update` | norm of the gradient, clipping, the optimizer, gradients back to zero |
//! | `evaluate` | forward of one batch; adds to the summed validation losses |
//!
//! The loss is the generator's mean over hidden tokens plus `weight` times the discriminator's mean over all tokens.

use super::masked_lm::masked_feeds;
use super::training::{self, Own, metric};
use super::{Fixed, Lowered, Lowering, Probed, new_graph};
use crate::arch::detector::Detector;
use crate::experiment::{Masking, Stage};
use crate::graph::{Graph, ShapeError, Value};
use crate::ops::accumulate::accumulate;
use crate::ops::add::add;
use crate::ops::concat::concat;
use crate::ops::cross_entropy::cross_entropy;
use crate::ops::fill::fill;
use crate::ops::replace_tokens::replace_tokens;
use crate::ops::scale::scale;
use crate::passes;
use regimen_base::program::{Program, Resident};
use regimen_base::schedule::{Feed, Metric};
use regimen_base::tensor::{DType, TensorType};

/// Losses: what is reported, and the resident that sums it.
const LOSSES: [(&str, &str); 3] = [
    ("loss", "loss_sum"),
    ("generator_loss", "generator_loss_sum"),
    ("detection_loss", "detection_loss_sum"),
];

/// What one loss is made of.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// What is hidden from the generator.
    pub masking: &'a Masking,
    /// Weight of the detection loss.
    pub weight: f64,
}

impl Lowering for Parts<'_> {
    fn residents(&self, stage: &Stage) -> Vec<Resident> {
        let sums: Vec<String> =
            ["", "eval_"].iter().flat_map(|prefix| LOSSES.map(|(_, sum)| [prefix, sum].concat())).collect();
        training::residents(stage, &sums.iter().map(String::as_str).collect::<Vec<_>>()).finish()
    }

    fn micro_step(&self, mut g: Graph, stage: &Stage, samples: u64) -> Result<Program, ShapeError> {
        g.training = true;
        let step = g.scalar("step")?;
        let batch = Batch { samples, tokens: stage.batch * stage.sequence, step, prefix: "" };
        let loss = loss_of_batch(&mut g, stage, self.weight, &batch)?;
        passes::training_program(g, "micro_step", loss, stage.recompute)
    }

    fn lower(&self, stage: &Stage, seed: u64, fixed: &Fixed, probed: Probed) -> Result<Lowered, ShapeError> {
        let Probed { micro_batch, micro_step } = probed;
        let feeds = masked_feeds(stage, self.masking, seed, micro_batch);
        let graph = new_graph(stage, &fixed.residents, seed);
        let programs = vec![micro_step, evaluate(graph, stage, *self, &feeds, micro_batch)?];
        let accumulate = training::accumulate(stage, micro_batch);
        let metrics = |prefix: &str| -> Vec<Metric> {
            LOSSES.iter().map(|(name, sum)| metric(name, &[prefix, sum].concat())).collect()
        };
        let schedule = training::schedule(stage, accumulate, &feeds, metrics(""), metrics("eval_"));
        let runs = training::runs(stage, accumulate, &feeds);
        Ok(training::complete(stage, micro_batch, fixed, Own { programs, feeds, schedule, runs }))
    }
}

/// What distinguishes training from evaluating.
struct Batch {
    /// Samples of the program.
    samples: u64,
    /// Tokens of the global batch: the divisor of the detection loss.
    tokens: u64,
    /// The step that the draws of the generator belong to.
    step: Value,
    /// Before the names of the sums.
    prefix: &'static str,
}

/// Forward passes and loss of a batch; the losses are added to resident sums.
fn loss_of_batch(g: &mut Graph, stage: &Stage, weight: f64, batch: &Batch) -> Result<Value, ShapeError> {
    let detector = detector(stage)?;
    let ty = TensorType::new(DType::I64, [batch.samples, stage.sequence]);
    let (tokens, labels) = (g.input("tokens", ty.clone()), g.input("labels", ty));
    let hidden = g.input("divisor", TensorType::new(DType::F32, []));
    let logits = detector.generator(g, tokens.into())?;
    let generator = cross_entropy(g, "generator_loss", logits, labels, hidden)?;
    let (replaced, targets) = replace_tokens(g, "replaced", logits, (tokens, labels), batch.step)?;
    let scores = detector.discriminator(g, replaced.into())?;
    // The cross-entropy of two classes whose logits are 0 and the score is that of a sigmoid.
    let zeros = fill(g, "original", 0.0, g.ty(scores).clone())?;
    let classes = concat(g, "classes", &[zeros, scores], 2)?;
    let all = fill(g, "all_tokens", batch.tokens as f64, TensorType::new(DType::F32, []))?;
    let detection = cross_entropy(g, "detection_loss", classes, targets, all)?;
    let weighted = scale(g, "weighted_detection_loss", detection, weight)?;
    let loss = add(g, "loss", generator, weighted)?;
    for ((_, sum), value) in LOSSES.into_iter().zip([loss, generator, detection]) {
        let sum = g.scalar(&[batch.prefix, sum].concat())?;
        accumulate(g, "losses", sum, value)?;
    }
    Ok(loss)
}

fn detector(stage: &Stage) -> Result<&dyn Detector, ShapeError> {
    stage.model.spec.detector().ok_or_else(|| ShapeError {
        op: "replaced_token_detection",
        name: stage.model.name.clone(),
        message: "the model has no generator".into(),
    })
}

fn evaluate(
    mut g: Graph,
    stage: &Stage,
    parts: Parts<'_>,
    feeds: &[Feed],
    samples: u64,
) -> Result<Program, ShapeError> {
    let evaluated = feeds.iter().find(|f| f.name == "validation").map_or(samples, |f| f.batch);
    // Every evaluation draws the same.
    let step = fill(&mut g, "no_step", 0.0, TensorType::new(DType::I64, []))?;
    let batch = Batch { samples, tokens: evaluated * stage.sequence, step, prefix: "eval_" };
    loss_of_batch(&mut g, stage, parts.weight, &batch)?;
    Ok(passes::finish(g, "evaluate"))
}
