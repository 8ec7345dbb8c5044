//! From an experiment to its plan: lowers every stage, chooses micro-batches, predicts memory, FLOPs, time and
//! money, and checks them against the device and the budgets.

pub mod budget;
pub mod calibrate;
pub mod memory;
pub mod report;
pub mod show;
pub mod time;

use crate::arch;
use crate::codes;
use crate::experiment::{Experiment, Limited, MicroBatch, Stage};
use crate::graph::ShapeError;
use crate::stages::{Lowered, lower, micro_batch_peak};
use regimen_base::plan::{
    Content, DatasetPlan, Model, Plan, Report, Stage as StagePlan, Target, TokenizerPlan,
};
use regimen_base::tensor::Mesh;
use regimen_base::{Diagnostic, SourceMap};

/// Plans an experiment. There is a plan only if there is no error.
pub fn plan(experiment: &Experiment, sources: &SourceMap) -> (Option<Plan>, Vec<Report>, Vec<Diagnostic>) {
    let mut diagnostics = vec![];
    let mut stages = vec![];
    let mut reports = vec![];
    for stage in &experiment.stages {
        match plan_stage(stage, experiment.seed, sources) {
            Ok(planned) => {
                diagnostics.extend(budget::check(stage, experiment.seed, &planned, sources));
                diagnostics.extend(report::notes(stage));
                stages.push(planned.stage);
                reports.push(planned.report);
            }
            Err(error) => diagnostics.push(codes::e0601::shape(stage.model.span, &error)),
        }
    }
    if regimen_base::diagnostic::any_errors(&diagnostics) {
        return (None, reports, diagnostics);
    }
    let content = Content { experiment: experiment.name.clone(), stages };
    match Plan::new(content, reports.clone()) {
        Ok(plan) => (Some(plan), reports, diagnostics),
        Err(error) => {
            diagnostics.push(codes::e0801::not_expressible(&error.to_string()));
            (None, reports, diagnostics)
        }
    }
}

/// A stage with what was predicted of it.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Samples of one micro-batch.
    pub micro_batch: u64,
    /// The stage as the runtime executes it.
    pub stage: StagePlan,
    /// What was predicted.
    pub report: Report,
}

/// Lowers one stage and predicts everything about it.
///
/// # Errors
/// If the tensors of the model do not fit each other.
pub fn plan_stage(stage: &Stage, seed: u64, sources: &SourceMap) -> Result<Planned, ShapeError> {
    let lowered = match stage.micro_batch {
        MicroBatch::Fixed(size) => lower(stage, seed, size)?,
        MicroBatch::Auto => largest_that_fits(stage, seed)?,
    };
    let mut report = report::report(stage, &lowered, sources);
    report.budgets = budget::lines(stage, &report);
    let micro_batch = lowered.micro_batch;
    Ok(Planned { micro_batch, stage: content(stage, lowered), report })
}

/// Bytes that the device must hold for a lowered stage: an upper bound.
pub fn upper_bound(stage: &Stage, lowered: &Lowered) -> u64 {
    lowered.peak_bytes() + stage.hardware.context_bytes
}

/// Bytes that the stage may take on one device: its memory, or less by a budget.
pub fn allowed_bytes(stage: &Stage) -> u64 {
    let limits = stage.budget.iter().flat_map(|b| &b.limits).filter(|l| l.what == Limited::Memory);
    limits.map(|l| l.at_most as u64).chain([stage.hardware.memory]).min().unwrap_or(u64::MAX)
}

/// Divisors of a number, smallest first.
pub fn divisors(n: u64) -> Vec<u64> {
    let small: Vec<u64> = (1..).take_while(|d| d * d <= n).filter(|d| n.is_multiple_of(*d)).collect();
    let large: Vec<u64> = small.iter().rev().map(|d| n / d).filter(|l| l * l != n).collect();
    small.into_iter().chain(large).collect()
}

/// The largest divisor of the batch whose plan fits; memory grows with it, so halving the range finds it.
/// If none fits, the smallest, for the message that follows.
fn largest_that_fits(stage: &Stage, seed: u64) -> Result<Lowered, ShapeError> {
    let candidates = divisors(stage.batch);
    let allowed = allowed_bytes(stage).saturating_sub(stage.hardware.context_bytes);
    let smallest = lower(stage, seed, candidates.first().copied().unwrap_or(1))?;
    let mut best = smallest.micro_batch;
    let (mut low, mut high) = (1, candidates.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if micro_batch_peak(stage, &smallest, candidates[middle])? <= allowed {
            best = candidates[middle];
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if best == smallest.micro_batch { Ok(smallest) } else { lower(stage, seed, best) }
}

fn content(stage: &Stage, lowered: Lowered) -> StagePlan {
    let spec = &stage.model.spec;
    let peak_bytes = lowered.peak_bytes();
    StagePlan {
        name: stage.name.clone(),
        kind: stage.kind.to_string(),
        model: Model {
            name: stage.model.name.clone(),
            architecture: stage.model.architecture.to_string(),
            parameters: arch::parameters(spec.as_ref()),
            context: spec.context(),
            vocab: spec.vocab(),
            exchange: spec.exchange(),
        },
        target: Target {
            hardware: stage.hardware.name.clone(),
            backend: stage.hardware.backend,
            threads: stage.hardware.threads,
        },
        mesh: Mesh::default(),
        tokenizer: TokenizerPlan {
            tokenizer: stage.tokenizer.clone(),
            train_on: stage.tokenizer_data.clone(),
            facts: stage.tokenizer_facts.clone(),
        },
        datasets: vec![DatasetPlan { dataset: stage.data.clone(), facts: stage.data_facts.clone() }],
        feeds: lowered.feeds,
        residents: lowered.residents.as_ref().clone(),
        programs: lowered.programs,
        schedule: lowered.schedule,
        peak_bytes,
    }
}
