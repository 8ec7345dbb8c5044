//! Causal language modelling: every token is predicted from those before it.
//!
//! Samples are windows of the stream of all documents. Where documents do not see each other, the loader says which one each token belongs to
//! and its position there, and leaves out the label of a document's last token, which would be the next one's first.
//!
//! | program | what it does |
//! |---|---|
//! | `initialise` | fills the weights |
//! | `micro_step` | forward and backward of one micro-batch; adds to gradients and to the summed loss |
//! | `update` | norm of the gradient, clipping, the optimizer, gradients back to zero |
//! | `evaluate` | forward of one batch; adds to the summed validation loss |
//! | `prefill`, `decode` | generate the text of `sample`, if the stage has one |

use super::generation::{self, DECODE, PREFILL, Texts};
use super::training::{self, Own};
use super::{Fixed, Lowered, Lowering, Probed, compute_dtype, new_graph, random_key};
use crate::experiment::{Objective, Stage};
use crate::graph::ShapeError;
use regimen_base::program::{Program, Resident};
use regimen_base::schedule::{Action, DocumentBorders, Feed};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The kind.
pub(super) struct CausalLm;

impl Lowering for CausalLm {
    fn residents(&self, stage: &Stage) -> Vec<Resident> {
        residents(stage)
    }

    fn fixed(
        &self,
        stage: &Stage,
        seed: u64,
        residents: &Arc<Vec<Resident>>,
    ) -> Result<Vec<Program>, ShapeError> {
        fixed(stage, seed, residents)
    }

    fn lower(&self, stage: &Stage, seed: u64, fixed: &Fixed, probed: Probed) -> Result<Lowered, ShapeError> {
        lower(stage, seed, fixed, probed)
    }
}

/// Programs that do not depend on the micro-batch.
fn fixed(stage: &Stage, seed: u64, residents: &Arc<Vec<Resident>>) -> Result<Vec<Program>, ShapeError> {
    let mut programs = training::fixed(stage, seed, residents)?;
    if stage.sample.is_some() {
        let new = || new_graph(stage, residents, seed);
        programs.extend(generation::programs(new, stage.model.spec.as_ref(), texts(stage))?);
    }
    Ok(programs)
}

/// Lowers the stage around its micro-step.
fn lower(stage: &Stage, seed: u64, fixed: &Fixed, probed: Probed) -> Result<Lowered, ShapeError> {
    let Probed { micro_batch, micro_step } = probed;
    let evaluate = training::evaluate(new_graph(stage, &fixed.residents, seed), stage, micro_batch)?;
    let programs = vec![micro_step, evaluate];
    let accumulate = training::accumulate(stage, micro_batch);
    let mut feeds = training::feeds(stage, seed, micro_batch);
    if stage.objective == (Objective::CausalLm { documents: true }) {
        let end_of_text = stage.tokenizer_facts.end_of_text;
        feeds.iter_mut().for_each(|feed| feed.documents = Some(DocumentBorders { end_of_text }));
    }
    let schedule = schedule(stage, seed, accumulate, &feeds);
    let runs = runs(stage, accumulate, &feeds);
    Ok(training::complete(stage, micro_batch, fixed, Own { programs, feeds, schedule, runs }))
}

/// Weights, gradients, optimizer state, the numbers that host and programs share, and caches for the text of `sample`.
fn residents(stage: &Stage) -> Vec<Resident> {
    let mut residents = training::residents(stage, &["loss_sum", "eval_loss_sum"]);
    if let (Some(_), Some(sizes)) = (&stage.sample, stage.model.spec.cache()) {
        let Texts { batch, length } = texts(stage);
        residents.cache(sizes, batch, length, compute_dtype(stage.precision));
    }
    residents.finish()
}

/// What `sample` generates: one text, as long as the sequences that the model is trained on.
fn texts(stage: &Stage) -> Texts {
    Texts { batch: 1, length: stage.sequence }
}

fn sample(stage: &Stage, seed: u64, when: &str) -> Option<Action> {
    stage.sample.as_ref().map(|s| Action::Sample {
        prefill: PREFILL.to_string(),
        program: DECODE.to_string(),
        prompt: s.prompt.clone(),
        tokens: s.tokens,
        temperature: s.temperature,
        key: random_key(seed, &[&stage.name, "sample", when]),
    })
}

/// The shared schedule, with texts before the steps and after them.
fn schedule(stage: &Stage, seed: u64, accumulate: u64, feeds: &[Feed]) -> Vec<Action> {
    let metrics = vec![training::metric("loss", "loss_sum")];
    let evaluated = vec![training::metric("loss", "eval_loss_sum")];
    let mut all = training::schedule(stage, accumulate, feeds, metrics, evaluated);
    if let (Some(Action::Fresh { body }), Some(before)) = (all.first_mut(), sample(stage, seed, "before")) {
        body.push(before);
    }
    let after = sample(stage, seed, "after");
    all.splice(all.len() - 1..all.len() - 1, after);
    all
}

/// How often each program runs if the stage is not stopped early.
fn runs(stage: &Stage, accumulate: u64, feeds: &[Feed]) -> BTreeMap<String, u64> {
    let mut runs = training::runs(stage, accumulate, feeds);
    if let Some(sample) = &stage.sample {
        // Before and after; the prompt's last chunk gives the first token.
        runs.insert(PREFILL.to_string(), 2 * u64::from(sample.tokens > 0));
        runs.insert(DECODE.to_string(), sample.tokens.saturating_sub(1).saturating_mul(2));
    }
    runs
}
