//! Next-sentence prediction beside masked language modelling, as BERT was pretrained: samples are pairs of texts, hidden tokens are predicted,
//! and whether the second text follows the first.
//!
//! | program | what it does |
//! |---|---|
//! | `initialise` | fills the weights |
//! | `micro_step` | forward and backward of one micro-batch; adds to gradients and to the summed losses |
//! | `update` | norm of the gradient, clipping, the optimizer, gradients back to zero |
//! | `evaluate` | forward of one batch; adds to the summed validation losses |
//!
//! The loss is the sum of two means: of hidden tokens over those of the global batch, and of pairs over its samples.

use super::masked_lm::masked_feeds;
use super::training::{self, Own, metric};
use super::{Fixed, Lowered, Lowering, Probed, new_graph, random_key};
use crate::arch::inputs::Inputs;
use crate::experiment::{Masking, Stage};
use crate::graph::{Graph, ShapeError, Value};
use crate::ops::accumulate::accumulate;
use crate::ops::add::add;
use crate::ops::cross_entropy::cross_entropy;
use crate::passes;
use regimen_base::data::Marks;
use regimen_base::program::{Program, Resident};
use regimen_base::schedule::{Feed, Metric, PairForm};
use regimen_base::tensor::{DType, TensorType};

/// Losses: what is reported, and the resident that sums it.
const LOSSES: [(&str, &str); 3] = [
    ("loss", "loss_sum"),
    ("masked_lm_loss", "masked_lm_loss_sum"),
    ("next_sentence_loss", "next_sentence_loss_sum"),
];

/// The kind.
pub(super) struct NextSentence<'a> {
    /// What is hidden.
    pub masking: &'a Masking,
}

impl Lowering for NextSentence<'_> {
    fn residents(&self, stage: &Stage) -> Vec<Resident> {
        let sums: Vec<String> =
            ["", "eval_"].iter().flat_map(|prefix| LOSSES.map(|(_, sum)| [prefix, sum].concat())).collect();
        training::residents(stage, &sums.iter().map(String::as_str).collect::<Vec<_>>()).finish()
    }

    fn micro_step(&self, mut g: Graph, stage: &Stage, samples: u64) -> Result<Program, ShapeError> {
        g.training = true;
        let loss = loss_of_batch(&mut g, stage, samples, "")?;
        passes::training_program(g, "micro_step", loss, stage.recompute)
    }

    fn lower(&self, stage: &Stage, seed: u64, fixed: &Fixed, probed: Probed) -> Result<Lowered, ShapeError> {
        let Probed { micro_batch, micro_step } = probed;
        let evaluate = evaluate(new_graph(stage, &fixed.residents, seed), stage, micro_batch)?;
        let feeds = feeds(stage, self.masking, seed, micro_batch)?;
        let accumulate = training::accumulate(stage, micro_batch);
        let metrics = |prefix: &str| -> Vec<Metric> {
            LOSSES.iter().map(|(name, sum)| metric(name, &[prefix, sum].concat())).collect()
        };
        let schedule = training::schedule(stage, accumulate, &feeds, metrics(""), metrics("eval_"));
        let runs = training::runs(stage, accumulate, &feeds);
        let programs = vec![micro_step, evaluate];
        Ok(training::complete(stage, micro_batch, fixed, Own { programs, feeds, schedule, runs }))
    }
}

fn evaluate(mut g: Graph, stage: &Stage, samples: u64) -> Result<Program, ShapeError> {
    loss_of_batch(&mut g, stage, samples, "eval_")?;
    Ok(passes::finish(g, "evaluate"))
}

/// The loss of a batch; it and its parts are added to resident sums.
fn loss_of_batch(g: &mut Graph, stage: &Stage, samples: u64, prefix: &str) -> Result<Value, ShapeError> {
    let spec = &stage.model.spec;
    let all = TensorType::new(DType::I64, [samples, stage.sequence]);
    let one = TensorType::new(DType::I64, [samples]);
    let [tokens, labels, segments, types] =
        ["tokens", "labels", "segments", "types"].map(|name| g.input(name, all.clone()));
    let [rows, follows] = ["rows", "follows"].map(|name| g.input(name, one.clone()));
    let [hidden, pairs] =
        ["divisor", "pair_divisor"].map(|name| g.input(name, TensorType::new(DType::F32, [])));
    let inputs = Inputs { segments: Some(segments), types: Some(types), ..Inputs::from(tokens) };
    let states = spec.forward(g, inputs)?;
    let logits = spec.head(g, states)?;
    let masked = cross_entropy(g, "masked_lm_loss", logits, labels, hidden)?;
    let logits = spec.follows(g, states, rows)?;
    let next = cross_entropy(g, "next_sentence_loss", logits, follows, pairs)?;
    let loss = add(g, "loss", masked, next)?;
    for ((_, sum), value) in LOSSES.into_iter().zip([loss, masked, next]) {
        let sum = g.scalar(&[prefix, sum].concat())?;
        accumulate(g, "losses", sum, value)?;
    }
    Ok(loss)
}

/// The feeds of masked language modelling, of pairs; no mark is hidden.
fn feeds(stage: &Stage, masking: &Masking, seed: u64, micro_batch: u64) -> Result<Vec<Feed>, ShapeError> {
    let facts = &stage.tokenizer_facts;
    let Marks { begin: Some(begin), end: Some(end), padding: Some(padding) } =
        facts.marks_within(stage.model.spec.vocab())
    else {
        let message = "the table has no rows for beginning, end and padding".to_owned();
        return Err(ShapeError { op: "next_sentence", name: stage.model.name.clone(), message });
    };
    let mut feeds = masked_feeds(stage, masking, seed, micro_batch);
    for feed in &mut feeds {
        let key = random_key(seed, &[&stage.name, "pairs", &feed.name]);
        let end_of_text = facts.end_of_text;
        feed.pairs = Some(PairForm { begin, end, padding, end_of_text, fixed: masking.fixed, key });
        if let Some(masking) = &mut feed.masking {
            masking.spared.extend([begin, end, padding]);
        }
    }
    Ok(feeds)
}
