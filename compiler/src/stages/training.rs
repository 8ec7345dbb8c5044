//! What training stages share: residents, the programs `initialise` and `update`, feeds, and the host's schedule.

use super::residents::{Residents, has_masters, state_dtype};
use super::{Fixed, Lowered, Probed, compute_dtype, new_graph, random_key};
use crate::arch::Init;
use crate::arch::classifier::Gives;
use crate::arch::inputs::Inputs;
use crate::experiment::{Objective, Optimizer, Rule, Stage};
use crate::graph::{Graph, ShapeError, Value, attrs};
use crate::ops::cross_entropy::cross_entropy;
use crate::ops::{self, Operation};
use crate::passes;
use regimen_base::mixing;
use regimen_base::program::{Attr, Attrs, Program, Resident, ResidentId, Role};
use regimen_base::schedule::{Action, Counter, Drawn, Feed, HostValue, Metric};
use regimen_base::tensor::{DType, TensorType};
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Weights, gradients, optimizer state, the numbers that host and programs share, and these sums of losses.
pub fn residents(stage: &Stage, sums: &[&str]) -> Residents {
    let compute = compute_dtype(stage.precision);
    let mut residents = Residents::default();
    residents.weights(&stage.model.tensors, compute);
    residents.gradients(compute);
    residents.optimizer(stage.optimizer.rule, compute);
    residents.scalar("step", DType::I64);
    residents.scalar("learning_rate", DType::F32);
    residents.scalar("grad_norm", DType::F32);
    for sum in sums {
        residents.scalar(sum, state_dtype(compute));
    }
    residents
}

/// What of a kind of stage depends on the micro-batch.
#[derive(Debug)]
pub struct Own {
    /// `micro_step` and `evaluate`.
    pub programs: Vec<Program>,
    /// Streams of batches.
    pub feeds: Vec<Feed>,
    /// What the host does.
    pub schedule: Vec<Action>,
    /// How often each program runs.
    pub runs: BTreeMap<String, u64>,
}

/// `initialise` and `update`.
///
/// # Errors
/// As for [`initialise`] and [`update`].
pub fn fixed(stage: &Stage, seed: u64, residents: &Arc<Vec<Resident>>) -> Result<Vec<Program>, ShapeError> {
    let new = || new_graph(stage, residents, seed);
    Ok(vec![initialise(new(), stage, seed)?, update(new(), stage)?])
}

/// The lowered stage: what is fixed, and what depends on the micro-batch.
pub fn complete(stage: &Stage, micro_batch: u64, fixed: &Fixed, own: Own) -> Lowered {
    let Own { programs, feeds, schedule, runs } = own;
    let own = programs.into_iter().map(Arc::new);
    let programs = fixed.programs.iter().cloned().chain(own).map(|p| (p.name.clone(), p)).collect();
    let accumulate = accumulate(stage, micro_batch);
    let (residents, reserved) = (fixed.residents.clone(), OnceCell::new());
    Lowered { micro_batch, accumulate, residents, programs, feeds, schedule, runs, reserved }
}

/// A stage whose only losses are those of its labels: a metric of training, and one of evaluations.
///
/// # Errors
/// If the tensors of the model do not fit each other.
pub fn lowered(
    stage: &Stage,
    seed: u64,
    fixed: &Fixed,
    probed: Probed,
    feeds: Vec<Feed>,
    [trained, evaluated]: [Metric; 2],
) -> Result<Lowered, ShapeError> {
    let Probed { micro_batch, micro_step } = probed;
    let evaluate = evaluate(new_graph(stage, &fixed.residents, seed), stage, micro_batch)?;
    let programs = vec![micro_step, evaluate];
    let accumulate = accumulate(stage, micro_batch);
    let schedule = schedule(stage, accumulate, &feeds, vec![trained], vec![evaluated]);
    let runs = runs(stage, accumulate, &feeds);
    Ok(complete(stage, micro_batch, fixed, Own { programs, feeds, schedule, runs }))
}

/// Micro-batches of one optimizer step.
pub fn accumulate(stage: &Stage, micro_batch: u64) -> u64 {
    stage.batch / micro_batch.max(1)
}

/// The residents with this role, in the order of their weights.
fn with_role(graph: &mut Graph, role: Role) -> Vec<Value> {
    ending(graph, role, "")
}

/// Those of them whose names end so.
fn ending(graph: &mut Graph, role: Role, suffix: &str) -> Vec<Value> {
    let residents = graph.residents.clone();
    let these = residents.iter().enumerate().filter(|(_, r)| r.role == role && r.name.ends_with(suffix));
    these.map(|(index, _)| graph.resident(ResidentId(index as u32))).collect()
}

/// Fills the weights.
///
/// # Errors
/// If the model has more weights than the stage has residents.
fn initialise(mut g: Graph, stage: &Stage, seed: u64) -> Result<Program, ShapeError> {
    let key = Attr::Int(random_key(seed, &[&stage.name, "initialise"]));
    let mastered = has_masters(g.precision);
    let weights = with_role(&mut g, Role::Weight);
    let filled = if mastered { with_role(&mut g, Role::Master) } else { weights.clone() };
    for (index, spec) in stage.model.tensors.iter().enumerate() {
        let target = filled[index];
        match spec.init {
            Init::Normal(std) => {
                let site = Attr::Int(index as i64);
                let attrs = attrs([
                    ("mean", Attr::Float(0.0)),
                    ("std", Attr::Float(std)),
                    ("key", key.clone()),
                    ("site", site),
                ]);
                g.apply(&ops::init::InitNormal, &spec.name, attrs, &[target])?;
            }
            Init::Constant(value) => {
                g.apply(&ops::init::InitFill, &spec.name, attrs([("value", Attr::Float(value))]), &[target])?;
            }
        }
        if mastered {
            g.apply(&ops::assign::Assign, &spec.name, attrs([]), &[weights[index], target])?;
        }
    }
    Ok(passes::finish(g, "initialise"))
}

/// Forward pass of a batch and the cross-entropy of its labels, which is added to a resident sum.
fn loss_of_batch(g: &mut Graph, stage: &Stage, samples: u64, sum: &str) -> Result<Value, ShapeError> {
    let batch = TensorType::new(DType::I64, [samples, stage.sequence]);
    let tokens = g.input("tokens", batch.clone());
    let inputs = inputs(g, stage, tokens);
    let hidden = stage.model.spec.forward(g, inputs)?;
    let logits = stage.model.spec.head(g, hidden)?;
    let labels = g.input("labels", batch);
    let divisor = g.input("divisor", TensorType::new(DType::F32, []));
    let loss = cross_entropy(g, "loss", logits, labels, divisor)?;
    let sum = g.scalar(sum)?;
    ops::accumulate::accumulate(g, "loss_sum", sum, loss)?;
    Ok(loss)
}

/// What the forward pass reads: where samples hold several texts, also which token belongs to which.
fn inputs(g: &mut Graph, stage: &Stage, tokens: Value) -> Inputs {
    let mut inputs = Inputs::from(tokens);
    let several = [Objective::Supervised { packing: true }, Objective::CausalLm { documents: true }];
    if several.contains(&stage.objective) {
        let ty = g.ty(tokens).clone();
        inputs.segments = Some(g.input("segments", ty.clone()));
        inputs.positions = Some(g.input("positions", ty));
    }
    inputs
}

/// Forward and backward of one micro-batch whose labels are tokens.
///
/// # Errors
/// If the tensors of the model do not fit each other.
pub fn micro_step(mut g: Graph, stage: &Stage, micro_batch: u64) -> Result<Program, ShapeError> {
    g.training = true;
    let loss = loss_of_batch(&mut g, stage, micro_batch, "loss_sum")?;
    passes::training_program(g, "micro_step", loss, stage.recompute)
}

/// Forward pass of one batch.
///
/// # Errors
/// If the tensors of the model do not fit each other.
pub fn evaluate(mut g: Graph, stage: &Stage, micro_batch: u64) -> Result<Program, ShapeError> {
    loss_of_batch(&mut g, stage, micro_batch, "eval_loss_sum")?;
    Ok(passes::finish(g, "evaluate"))
}

/// Norm of the gradient, clipping, the optimizer, gradients back to zero.
///
/// # Errors
/// If the residents of the optimizer do not fit the weights.
fn update(mut g: Graph, stage: &Stage) -> Result<Program, ShapeError> {
    let gradients = with_role(&mut g, Role::Gradient);
    let norm = ops::global_norm::global_norm(&mut g, "grad_norm", &gradients)?;
    let reported = g.scalar("grad_norm")?;
    ops::accumulate::accumulate(&mut g, "grad_norm", reported, norm)?;
    let lists = lists(&mut g, &stage.optimizer.rule, &gradients);
    let decays: Vec<bool> =
        stage.model.tensors.iter().map(|w| w.decay || stage.optimizer.decay_all).collect();
    for (name, chosen) in [("decayed", true), ("not_decayed", false)] {
        let members: Vec<usize> = (0..decays.len()).filter(|i| decays[*i] == chosen).collect();
        let decay = if chosen { stage.optimizer.weight_decay } else { 0.0 };
        if !members.is_empty() {
            let group = lists.iter().flat_map(|list| members.iter().map(|i| list[*i]));
            update_group(&mut g, name, &stage.optimizer, norm, group, members.len(), decay)?;
        }
    }
    if !zeroes(&g, &stage.optimizer) {
        g.apply(&ops::zero::Zero, "gradients", attrs([]), &gradients)?;
    }
    Ok(passes::finish(g, "update"))
}

/// What the optimizer's operation reads of every weight, list after list: what it updates, gradients, its state, and the weights
/// themselves where they are copies.
fn lists(g: &mut Graph, rule: &Rule, gradients: &[Value]) -> Vec<Vec<Value>> {
    let weights = with_role(g, Role::Weight);
    let mastered = has_masters(g.precision);
    let updated = if mastered { with_role(g, Role::Master) } else { weights.clone() };
    let mut lists = vec![updated, gradients.to_vec()];
    match rule {
        Rule::AdamW { .. } => lists.extend([ending(g, Role::Moment, ".m"), ending(g, Role::Moment, ".v")]),
        Rule::Sgd { momentum } if *momentum != 0.0 => lists.push(ending(g, Role::Moment, ".momentum")),
        Rule::Sgd { .. } => {}
    }
    lists.extend(mastered.then_some(weights));
    lists
}

/// Whether the update itself leaves zeros in the gradients.
fn zeroes(g: &Graph, optimizer: &Optimizer) -> bool {
    matches!(optimizer.rule, Rule::AdamW { .. }) && g.device.fusions.has(passes::fuse::ZEROING)
}

fn update_group(
    g: &mut Graph,
    name: &str,
    optimizer: &Optimizer,
    norm: Value,
    group: impl Iterator<Item = Value>,
    weights: usize,
    decay: f64,
) -> Result<(), ShapeError> {
    let learning_rate = g.scalar("learning_rate")?;
    let step = g.scalar("step")?;
    let mut attrs = attrs([
        ("n", Attr::Int(weights as i64)),
        ("weight_decay", Attr::Float(decay)),
        ("clip", Attr::Float(optimizer.clip)),
        ("copies", Attr::Bool(has_masters(g.precision))),
    ]);
    let (op, mut operands): (&'static dyn Operation, _) = match optimizer.rule {
        Rule::AdamW { beta1, beta2, eps } => {
            insert_floats(&mut attrs, &[("beta1", beta1), ("beta2", beta2), ("eps", eps)]);
            if zeroes(g, optimizer) {
                attrs.insert("zero".into(), Attr::Bool(true));
            }
            (&ops::update::AdamW, vec![learning_rate, step, norm])
        }
        Rule::Sgd { momentum } => {
            insert_floats(&mut attrs, &[("momentum", momentum)]);
            (&ops::update::Sgd, vec![learning_rate, norm])
        }
    };
    operands.extend(group);
    g.apply(op, name, attrs, &operands)?;
    Ok(())
}

fn insert_floats(attrs: &mut Attrs, pairs: &[(&'static str, f64)]) {
    attrs.extend(pairs.iter().map(|(name, value)| ((*name).into(), Attr::Float(*value))));
}

/// The training feed, and that of the evaluation if there is one.
pub fn feeds(stage: &Stage, seed: u64, micro_batch: u64) -> Vec<Feed> {
    let feed = |name: &str, split: &str, mix: Vec<Drawn>, batch: u64, shuffle: Option<i64>| Feed {
        name: name.to_string(),
        dataset: stage.data.name.clone(),
        split: split.to_string(),
        mix,
        sequence: stage.sequence,
        batch,
        micro_batch,
        shuffle,
        masking: None,
        records: None,
        rows: None,
        documents: None,
        pairs: None,
        compared: None,
    };
    let key = random_key(seed, &[&stage.name, "shuffle"]);
    let mut feeds = vec![feed("train", "train", drawn(stage), stage.batch, Some(key))];
    if let Some(evaluate) = &stage.evaluate {
        let facts = stage.data_facts.splits.iter().find(|s| s.name == evaluate.split);
        let all: Vec<(&str, u64)> = facts.map_or(vec![], |facts| {
            let names = facts.parts().iter().map(|part| part.name.as_str());
            names.zip(stage.available(facts)).map(|(name, found)| (name, found.samples)).collect()
        });
        let asked = |name: &str| evaluate.source.as_deref().is_none_or(|source| source == name);
        let read: Vec<(&str, u64)> = all.into_iter().filter(|(name, _)| asked(name)).collect();
        let available = read.iter().map(|(_, samples)| samples).sum();
        let samples = match evaluate.samples {
            0 => available,
            n => n.min(available),
        };
        // As many of each source as it has: all of them once, and any number of the first in the same proportion.
        let weighted = read.into_iter().filter(|(_, samples)| *samples > 0);
        let mix = match stage.data.is_mix() {
            true => weighted.map(|(name, weight)| Drawn { source: name.to_string(), weight }).collect(),
            false => vec![],
        };
        feeds.push(feed("validation", &evaluate.split, mix, samples.max(1), None));
    }
    feeds
}

/// The sources that training samples are drawn from; none where the data are no mix.
fn drawn(stage: &Stage) -> Vec<Drawn> {
    let train = stage.data_facts.splits.iter().find(|split| split.name == "train");
    let Some(train) = train.filter(|_| stage.data.is_mix()) else { return vec![] };
    let weights = mixing::weights(&stage.data, &stage.available(train));
    let sources = stage.data.sources.iter().zip(weights).filter(|(_, weight)| *weight > 0);
    sources.map(|(source, weight)| Drawn { source: source.name.clone(), weight }).collect()
}

/// A sum that is reported and set back to zero.
pub fn metric(name: &str, resident: &str) -> Metric {
    Metric { name: name.to_string(), resident: resident.to_string(), reset: true }
}

/// Steps with their evaluations and checkpoints; `metrics` are reported after each step, `evaluated` after each evaluation.
pub fn schedule(
    stage: &Stage,
    accumulate: u64,
    feeds: &[Feed],
    mut metrics: Vec<Metric>,
    evaluated: Vec<Metric>,
) -> Vec<Action> {
    metrics.push(metric("grad_norm", "grad_norm"));
    metrics.push(Metric { reset: false, ..metric("learning_rate", "learning_rate") });
    let run = |program: &str, feed: Option<&str>| Action::Run {
        program: program.to_string(),
        feed: feed.map(str::to_string),
    };
    let set = |resident: &str, value| Action::Set { resident: resident.to_string(), value };
    let mut fresh = vec![run("initialise", None)];
    fresh.extend(load(stage));
    let mut step = vec![
        set("step", HostValue::Step),
        set("learning_rate", HostValue::LearningRate(stage.learning_rate.clone())),
        Action::Repeat {
            counter: Counter::MicroBatch,
            times: accumulate,
            body: vec![run("micro_step", Some("train"))],
        },
        run("update", None),
        Action::Report { metrics },
    ];
    step.extend(evaluation(stage, feeds, evaluated));
    step.push(Action::Checkpoint { policy: stage.checkpoint.clone() });
    vec![
        Action::Fresh { body: fresh },
        Action::Repeat { counter: Counter::Step, times: stage.steps, body: step },
        Action::Finish,
    ]
}

fn load(stage: &Stage) -> Option<Action> {
    use regimen_base::schedule::WeightSource;
    let from = match (&stage.from, &stage.model.weights) {
        (Some(start), _) => WeightSource::Stage(start.stage.clone(), start.which.clone()),
        (None, Some(folder)) => WeightSource::Folder(folder.clone()),
        (None, None) => return None,
    };
    Some(Action::Load { from })
}

fn batches(feed: &Feed) -> u64 {
    feed.batch.div_ceil(feed.micro_batch.max(1))
}

fn evaluation(stage: &Stage, feeds: &[Feed], metrics: Vec<Metric>) -> Option<Action> {
    let evaluate = stage.evaluate.as_ref()?;
    let feed = feeds.iter().find(|f| f.name == "validation")?;
    let action = Action::Evaluate {
        name: "validation".to_string(),
        program: "evaluate".to_string(),
        feed: feed.name.clone(),
        batches: batches(feed),
        metrics,
        classes: stage.model.spec.classifier().and_then(|head| match head.gives() {
            Gives::Classes(classes) => Some(classes.len() as u64),
            Gives::Scalar => None,
        }),
        pairs: stage.model.spec.classifier().is_some_and(|head| *head.gives() == Gives::Scalar),
        watch: Some(evaluate.watch.clone()),
    };
    Some(Action::Every { every: evaluate.every, last: true, body: vec![action] })
}

/// How often each program runs if the stage is not stopped early.
pub fn runs(stage: &Stage, accumulate: u64, feeds: &[Feed]) -> BTreeMap<String, u64> {
    let evaluations = match &stage.evaluate {
        Some(e) => stage.steps / e.every.max(1) + u64::from(!stage.steps.is_multiple_of(e.every.max(1))),
        None => 0,
    };
    let per_evaluation = feeds.iter().find(|f| f.name == "validation").map_or(0, batches);
    let runs = [
        ("initialise", 1),
        ("micro_step", stage.steps.saturating_mul(accumulate)),
        ("update", stage.steps),
        ("evaluate", evaluations.saturating_mul(per_evaluation)),
    ];
    runs.into_iter().map(|(name, n)| (name.to_string(), n)).collect()
}
