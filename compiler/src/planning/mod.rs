//! From an experiment to its plan: lowers every stage, chooses micro-batches, predicts memory, FLOPs, time and
//! money, and checks them against the device and the budgets.

pub mod budget;
pub mod calibrate;
pub mod inference;
pub mod memory;
pub mod micro_batch;
mod pairs;
pub mod records;
mod report;
pub mod reserve;
pub mod show;
pub mod time;

use crate::codes;
use crate::experiment::{Experiment, Limited, MicroBatch, Objective, Precision, Stage};
use crate::graph::ShapeError;
use crate::ops;
use crate::stages::{self, Lowered, compute_dtype, lower};
use regimen_base::plan::{
    Backend, Content, DatasetPlan, Exchange, Model, Plan, Report, SpecialTokens, Stage as StagePlan, Target,
    TokenizerPlan,
};
use regimen_base::program::Program;
use regimen_base::schedule::Reads;
use regimen_base::tensor::{Mesh, TensorType};
use regimen_base::{Diagnostic, SourceMap};
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What came of planning an experiment.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What a plan is made of; there is none if there is an error.
    pub content: Option<Content>,
    /// What was predicted of each stage.
    pub reports: Vec<Report>,
    /// Everything that is to be said.
    pub diagnostics: Vec<Diagnostic>,
}

impl Outcome {
    /// The plan with its hash, and what is to be said; the hash takes as long as a fifth of the planning, so those who only check do
    /// not ask for it.
    pub fn plan(self) -> (Option<Plan>, Vec<Diagnostic>) {
        let Outcome { content, reports, mut diagnostics } = self;
        match content.map(|content| Plan::new(content, reports)) {
            Some(Ok(plan)) => (Some(plan), diagnostics),
            Some(Err(error)) => {
                diagnostics.push(codes::e0801::not_expressible(&error.to_string()));
                (None, diagnostics)
            }
            None => (None, diagnostics),
        }
    }
}

/// Plans an experiment.
pub fn plan(experiment: &Experiment, sources: &SourceMap) -> Outcome {
    let (mut stages, mut outcome) = (vec![], Outcome::default());
    for stage in &experiment.stages {
        if let Some(diagnostic) = hopeless(stage) {
            outcome.diagnostics.push(diagnostic);
            continue;
        }
        match plan_stage(stage, experiment.seed, sources) {
            Ok(planned) => {
                outcome.diagnostics.extend(without_kernel(stage, &planned.stage.programs));
                outcome.diagnostics.extend(budget::check(stage, experiment.seed, &planned, sources));
                outcome.diagnostics.extend(report::notes(stage));
                stages.push(planned.stage);
                outcome.reports.push(planned.report);
            }
            Err(error) => outcome.diagnostics.push(codes::e0601::shape(stage.model.span, &error)),
        }
    }
    if !regimen_base::diagnostic::any_errors(&outcome.diagnostics) {
        outcome.content = Some(Content { experiment: experiment.name.clone(), stages });
    }
    outcome
}

/// A stage whose weights, gradients and optimizer state alone exceed the device in every precision that it has. No other change could
/// help, so no graph is built: that of such a model may be large, and would be built once for every remedy.
fn hopeless(stage: &Stage) -> Option<Diagnostic> {
    let half = stage.hardware.flops_bf16.map(|_| Precision::Bf16);
    let precisions = [Some(stage.precision), half].into_iter().flatten();
    let per_parameter =
        |precision| stages::residents::bytes_per_parameter(stage.optimizer.rule, compute_dtype(precision));
    let least = precisions.map(per_parameter).min()?;
    let parameters = stage.model.parameters;
    let needed = parameters.saturating_mul(least);
    (needed > stage.hardware.memory).then(|| codes::e0702::weights_alone(stage, parameters, needed))
}

/// Operations that do not run on the stage's device.
fn without_kernel(stage: &Stage, programs: &BTreeMap<String, Program>) -> Option<Diagnostic> {
    if let Some(why) = refused(stage.hardware.backend, programs) {
        return Some(codes::e0604::operands(stage, &why));
    }
    let lacking: Vec<&str> = ops::without_kernel(stage.hardware.backend).map(|op| op.name()).collect();
    if lacking.is_empty() {
        return None;
    }
    let instructions = programs.values().flat_map(|program| &program.instructions);
    let names: BTreeSet<&str> = instructions.map(|i| &*i.op).filter(|op| lacking.contains(op)).collect();
    (!names.is_empty()).then(|| codes::e0604::no_kernel(stage, &names))
}

/// Why a kernel of the device does not take the operands that a program gives it.
fn refused(backend: Backend, programs: &BTreeMap<String, Program>) -> Option<String> {
    let all = programs.values().flat_map(|program| program.instructions.iter().map(move |i| (program, i)));
    all.filter_map(|(program, instruction)| {
        let types: Option<Vec<&TensorType>> =
            instruction.inputs.iter().map(|id| program.tensors.get(id.index()).map(|t| &t.ty)).collect();
        ops::find(&instruction.op)?.refuses(backend, &types?)
    })
    .next()
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
        MicroBatch::Auto => micro_batch::largest_that_fits(stage, seed)?,
    };
    let mut report = report::report(stage, &lowered, sources);
    report.budgets = budget::lines(stage, &report);
    let micro_batch = lowered.micro_batch;
    Ok(Planned { micro_batch, stage: content(stage, lowered), report })
}

/// Bytes that the device must hold for a lowered stage: an upper bound.
pub fn upper_bound(stage: &Stage, lowered: &Lowered) -> u64 {
    let held = match stage.hardware.backend {
        // The host's allocator keeps nothing back.
        Backend::Cpu => lowered.peak_bytes(),
        Backend::Cuda => reserved_bytes(lowered),
    };
    held + stage.hardware.context_bytes
}

/// What a GPU's caching allocator takes from the driver.
fn reserved_bytes(lowered: &Lowered) -> u64 {
    *lowered.reserved.get_or_init(|| reserve::reserved(lowered))
}

/// Bytes that the stage may take on one device: its memory, or less by a budget.
pub fn allowed_bytes(stage: &Stage) -> u64 {
    let limits = stage.budget.iter().flat_map(|b| &b.limits).filter(|l| l.what == Limited::Memory);
    limits.map(|l| l.at_most as u64).chain([stage.hardware.memory]).min().unwrap_or(u64::MAX)
}

fn content(stage: &Stage, lowered: Lowered) -> StagePlan {
    let peak_bytes = lowered.peak_bytes();
    let reserved_bytes = match stage.hardware.backend {
        Backend::Cpu => 0,
        Backend::Cuda => reserved_bytes(&lowered),
    };
    StagePlan {
        datasets: vec![DatasetPlan { dataset: stage.data.clone(), facts: stage.data_facts.clone() }],
        feeds: lowered.feeds,
        residents: lowered.residents.as_ref().clone(),
        programs: lowered.programs.into_iter().map(|(name, p)| (name, Arc::unwrap_or_clone(p))).collect(),
        schedule: lowered.schedule,
        peak_bytes,
        reserved_bytes,
        ..described(stage)
    }
}

/// A stage's model, device and tokenizer, and nothing to do.
fn described(stage: &Stage) -> StagePlan {
    let spec = &stage.model.spec;
    StagePlan {
        name: stage.name.clone(),
        kind: stage.kind.to_string(),
        model: Model {
            name: stage.model.name.clone(),
            architecture: stage.model.architecture.to_string(),
            parameters: stage.model.parameters,
            context: spec.context(),
            vocab: spec.vocab(),
            exchange: exchange(stage),
            fresh: spec.fresh(),
        },
        target: Target {
            hardware: stage.hardware.name.clone(),
            backend: stage.hardware.backend,
            threads: stage.hardware.threads,
            device: stage.hardware.device.clone(),
            multiprocessors: stage.hardware.multiprocessors,
            reproducible: stage.hardware.backend == Backend::Cuda && stage.reproducible,
        },
        mesh: Mesh::default(),
        tokenizer: TokenizerPlan {
            tokenizer: stage.tokenizer.clone(),
            train_on: stage.tokenizer_data.clone(),
            facts: stage.tokenizer_facts.clone(),
            special: special_tokens(stage),
        },
        datasets: vec![],
        feeds: vec![],
        residents: vec![],
        programs: BTreeMap::new(),
        schedule: vec![],
        peak_bytes: 0,
        reserved_bytes: 0,
    }
}

/// How the checkpoint is written for other tools, which must know what padding is.
fn exchange(stage: &Stage) -> Exchange {
    let mut exchange = stage.model.spec.exchange();
    let ours = special_tokens(stage).and_then(|special| special.marks.padding);
    let theirs = exchange.padding.as_ref().map(|padding| padding.id);
    let generator = exchange.generator.as_deref_mut().map(|generator| &mut generator.config);
    for config in [Some(&mut exchange.config), generator].into_iter().flatten() {
        if let (Some(ours), Some(config)) = (ours, config.as_object_mut()) {
            config.insert("pad_token_id".to_owned(), theirs.unwrap_or(ours).into());
        }
    }
    exchange
}

/// The special tokens of samples that an encoder sees.
fn special_tokens(stage: &Stage) -> Option<SpecialTokens> {
    let (facts, spec) = (&stage.tokenizer_facts, &stage.model.spec);
    let around = match &stage.objective {
        Objective::CausalLm { .. } | Objective::Supervised { .. } => return None,
        Objective::MaskedLm(_) | Objective::ReplacedTokenDetection { .. } => false,
        Objective::NextSentence(_) => true,
        Objective::Classify { .. } | Objective::RewardModel { .. } => {
            spec.classifier().filter(|classifier| classifier.reads() == Reads::First)?;
            true
        }
    };
    Some(SpecialTokens { mask: facts.mask_id(), marks: facts.marks_within(spec.vocab()), around })
}
