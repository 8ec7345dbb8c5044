//! A reward model: each sample is a prompt with two answers, and the better one is to get the greater number.
//!
//! | program | what it does |
//! |---|---|
//! | `initialise` | fills the weights, those of the new head among them |
//! | `micro_step` | forward and backward of one micro-batch; adds to gradients and to the summed loss |
//! | `update` | norm of the gradient, clipping, the optimizer, gradients back to zero |
//! | `evaluate` | forward of one batch; adds to the summed validation loss and gives the rewards, from which the host counts |
//!
//! Both texts of a sample are rows of one batch, the chosen one first, so that the rewards `[2B, 1]` are `[B, 2]` as they lie. The loss
//! −log σ(r_c − r_r) is the cross-entropy of two classes whose logits are the two rewards: no operation of its own. A margin is taken off
//! the reward of the chosen answer, for the loss alone.

use super::classify::{classifier, marks};
use super::residents::state_dtype;
use super::training::{self, Own, metric};
use super::{Fixed, Lowered, Lowering, Probed, new_graph};
use crate::arch::inputs::Inputs;
use crate::experiment::Stage;
use crate::graph::{Graph, ShapeError, Value};
use crate::ops::accumulate::accumulate;
use crate::ops::add::add;
use crate::ops::cast::cast;
use crate::ops::contiguous::contiguous;
use crate::ops::cross_entropy::cross_entropy;
use crate::ops::linear::linear;
use crate::ops::multiply::multiply;
use crate::ops::reshape::reshape;
use crate::ops::scale::scale;
use crate::ops::split::split;
use crate::passes;
use regimen_base::program::Program;
use regimen_base::schedule::{Compared, Feed};
use regimen_base::tensor::{DType, TensorType};

/// The kind.
pub(super) struct RewardModel {
    /// Weight of the squared sum of both rewards.
    pub center: f64,
}

impl Lowering for RewardModel {
    fn micro_step(&self, mut g: Graph, stage: &Stage, samples: u64) -> Result<Program, ShapeError> {
        g.training = true;
        let (loss, _) = self.loss_of_batch(&mut g, stage, samples, "loss_sum")?;
        passes::training_program(g, "micro_step", loss, stage.recompute)
    }

    fn lower(&self, stage: &Stage, seed: u64, fixed: &Fixed, probed: Probed) -> Result<Lowered, ShapeError> {
        let Probed { micro_batch, micro_step } = probed;
        let evaluate = self.evaluate(new_graph(stage, &fixed.residents, seed), stage, micro_batch)?;
        let programs = vec![micro_step, evaluate];
        let feeds = feeds(stage, seed, micro_batch)?;
        let accumulate = training::accumulate(stage, micro_batch);
        let (metrics, evaluated) = (metric("loss", "loss_sum"), metric("loss", "eval_loss_sum"));
        let schedule = training::schedule(stage, accumulate, &feeds, vec![metrics], vec![evaluated]);
        let runs = training::runs(stage, accumulate, &feeds);
        Ok(training::complete(stage, micro_batch, fixed, Own { programs, feeds, schedule, runs }))
    }
}

impl RewardModel {
    fn evaluate(&self, mut g: Graph, stage: &Stage, samples: u64) -> Result<Program, ShapeError> {
        let (_, rewards) = self.loss_of_batch(&mut g, stage, samples, "eval_loss_sum")?;
        g.outputs.push(rewards);
        Ok(passes::finish(g, "evaluate"))
    }

    /// Loss and rewards `[B, 2]` of a batch; the loss is added to a resident sum.
    fn loss_of_batch(
        &self,
        g: &mut Graph,
        stage: &Stage,
        samples: u64,
        sum: &str,
    ) -> Result<(Value, Value), ShapeError> {
        let rewards = rewards(g, stage, samples)?;
        let mut logits = rewards;
        if stage.data.has_margins() {
            let margins = number(g, "margins", rewards, &[samples, 2])?;
            logits = add(g, "less_margin", rewards, margins)?;
        }
        let labels = g.input("labels", TensorType::new(DType::I64, [samples]));
        let divisor = g.input("divisor", TensorType::new(DType::F32, []));
        let mut loss = cross_entropy(g, "loss", logits, labels, divisor)?;
        if self.center > 0.0 {
            let squares = mean_square(g, rewards, samples)?;
            let squares = scale(g, "weighted_center", squares, self.center)?;
            loss = add(g, "centered_loss", loss, squares)?;
        }
        let sum = g.scalar(sum)?;
        accumulate(g, "loss_sum", sum, loss)?;
        Ok((loss, rewards))
    }
}

/// Rewards `[B, 2]` of the texts of a batch, in the precision of losses.
fn rewards(g: &mut Graph, stage: &Stage, samples: u64) -> Result<Value, ShapeError> {
    let classifier = classifier(stage)?;
    let texts = samples * stage.texts();
    let (all, one) = ([texts, stage.sequence], [texts]);
    let tokens = g.input("tokens", TensorType::new(DType::I64, all));
    let segments = g.input("segments", TensorType::new(DType::I64, all));
    let rows = g.input("rows", TensorType::new(DType::I64, one));
    let inputs = Inputs { segments: Some(segments), ..Inputs::from(tokens) };
    let hidden = stage.model.spec.forward(g, inputs)?;
    let rewards = classifier.logits(g, hidden, rows)?;
    let rewards = reshape(g, "rewards", rewards, &[samples, stage.texts()])?;
    let precise = state_dtype(g.ty(rewards).dtype);
    cast(g, "rewards", rewards, precise)
}

/// Mean over the pairs of the global batch of the squared sum of both rewards: `[]`.
fn mean_square(g: &mut Graph, rewards: Value, samples: u64) -> Result<Value, ShapeError> {
    let parts = split(g, "sides", rewards, 1, &[1, 1])?;
    let mut sides = vec![];
    for part in parts {
        let side = contiguous(g, "side", part)?;
        sides.push(reshape(g, "side", side, &[1, samples])?);
    }
    let [chosen, rejected] = sides[..] else { return Ok(rewards) };
    let sums = add(g, "both", chosen, rejected)?;
    // What each pair is of the mean; a row that only fills the batch up is nothing.
    let shares = number(g, "shares", sums, &[1, samples])?;
    let shared = multiply(g, "shared", sums, shares)?;
    // The product of two rows is a sum.
    let mean = linear(g, "center", shared, sums, None)?;
    reshape(g, "center", mean, &[])
}

/// Numbers of the loader, of the type of `like`.
fn number(g: &mut Graph, name: &str, like: Value, shape: &[u64]) -> Result<Value, ShapeError> {
    let given = g.input(name, TensorType::new(DType::F32, shape));
    let dtype = g.ty(like).dtype;
    cast(g, name, given, dtype)
}

/// The usual feeds, of pairs.
fn feeds(stage: &Stage, seed: u64, micro_batch: u64) -> Result<Vec<Feed>, ShapeError> {
    let reads = classifier(stage)?.reads();
    let compared = Compared { marks: marks(stage), reads, margins: stage.data.has_margins() };
    let mut feeds = training::feeds(stage, seed, micro_batch);
    for feed in &mut feeds {
        feed.compared = Some(compared);
    }
    Ok(feeds)
}
