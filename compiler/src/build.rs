//! From checked declarations to an [`Experiment`]: everything is evaluated, every rule is asked.

use crate::arch::classifier::{Classifier, Gives};
use crate::arch::{ModelSpec, WeightSpec, find as find_architecture};
use crate::codes;
use crate::eval::{Evaluator, Fields, ObjectId, StageNumbers, Stop, Value};
use crate::experiment::{
    Budget, Efficiency, Evaluate, Experiment, Hardware, Limit, Limited, MicroBatch, Model, Objective,
    Precision, Recompute, Sample, Stage, StageSpans, Start,
};
use crate::hardware as shelf;
use crate::kinds::{optimizer, schedule};
use crate::passes::fuse::Fusions;
use crate::program::LetId;
use crate::quantity::{Dimension, Quantity, number};
use crate::rules::{self, ModelView, StageView};
use crate::stages::classify::marks_around;
use petgraph::graph::{DiGraph, NodeIndex};
use regimen_base::Span;
use regimen_base::data::{DatasetFacts, TokenizerFacts};
use regimen_base::plan::Backend;
use regimen_base::schedule::{CheckpointPolicy, Goal, Period, Watch};
use regimen_grammar::ast::ExprKind;
use std::sync::Arc;

/// Evaluates everything; of the stages only the one called `only`, if there is one.
///
/// # Errors
/// If a stage or the experiment itself could not be built: where the first of these is declared, if anywhere.
pub fn experiment(eval: &Evaluator<'_>, only: Option<&str>) -> Result<Experiment, Option<Span>> {
    check_all(eval);
    let mut order = stage_order(eval);
    let asked = |id: &ObjectId| only.is_some_and(|only| eval.object_name(*id) == only);
    if order.iter().any(asked) {
        order.retain(asked);
    }
    let place = |id: ObjectId| eval.program.object(id).name.span;
    let stages: Vec<_> = order.iter().map(|id| stage(eval, *id).ok_or(Some(place(*id)))).collect();
    let at_head = || eval.program.of_kind("experiment").next().map(|(id, _)| place(id));
    let (name, seed) = head(eval).ok_or_else(at_head)?;
    Ok(Experiment { name, seed, stages: stages.into_iter().collect::<Result<_, _>>()? })
}

/// Name and seed; a file without `experiment` is called after itself.
fn head(eval: &Evaluator<'_>) -> Option<(String, u64)> {
    let found = eval.program.of_kind("experiment").next();
    let (name, seed) = match found {
        Some((id, object)) => (object.name.node.clone(), eval.fields(id).ok()?.u64("seed").ok()?),
        None => {
            let path = eval.program.scopes.first().map_or("", |s| s.path.as_str());
            let file = path.rsplit('/').next().unwrap_or(path);
            (file.strip_suffix(".exp").unwrap_or(file).to_string(), 0)
        }
    };
    Some(match &eval.instance.member {
        Some(member) => (format!("{name}.{}", member.folder), seed),
        None => (name, seed),
    })
}

/// Evaluates every field of every declaration and every `let`, used or not, and asks the rules of models and
/// datasets.
fn check_all(eval: &Evaluator<'_>) {
    for (id, object) in eval.program.objects() {
        let Ok(fields) = eval.fields(id) else { continue };
        match object.kind.name {
            "model" => {
                let view = ModelView { eval, id, name: &object.name.node, fields: &fields };
                for diagnostic in rules::MODELS.iter().filter_map(|rule| rule(&view)) {
                    eval.report(diagnostic);
                }
            }
            "data" => {
                for field in ["sources", "split"] {
                    if let Some(diagnostic) = rules::shares::check(eval, id, &fields, field) {
                        eval.report(diagnostic);
                    }
                }
                if let Some(diagnostic) = rules::division::check(eval, id, &fields) {
                    eval.report(diagnostic);
                }
                eval.look_at_first_record(id);
                // Finds mixes that contain themselves.
                let _reported = eval.data_sources(id);
                let found = rules::cleaning::check(eval, id, &fields).into_iter();
                for diagnostic in found.chain(rules::conversations::of_data(eval, &fields)) {
                    eval.report(diagnostic);
                }
            }
            "tokenizer" => {
                if let Some(diagnostic) = rules::conversations::of_tokenizer(eval, &fields) {
                    eval.report(diagnostic);
                }
            }
            _ => {}
        }
    }
    for (i, bound) in eval.instance.lets.iter().enumerate() {
        let in_braces = matches!(bound.value.kind, ExprKind::Record(_) | ExprKind::Tagged { .. });
        if !in_braces {
            let _reported = eval.let_value(LetId(i as u32), bound.value.span);
        }
    }
}

/// Stages in the order in which they need each other's checkpoints, else as written; a cycle is reported, and its stages come last.
fn stage_order(eval: &Evaluator<'_>) -> Vec<ObjectId> {
    let stages: Vec<ObjectId> = eval.program.of_kind("stage").map(|(id, _)| id).collect();
    let mut graph = DiGraph::<ObjectId, ()>::new();
    for id in &stages {
        graph.add_node(*id);
    }
    let place = |id: ObjectId| stages.iter().position(|s| *s == id);
    for (i, id) in stages.iter().enumerate() {
        if let Some(source) = source(eval, *id).and_then(|s| place(s.0)) {
            graph.add_edge(NodeIndex::new(source), NodeIndex::new(i), ());
        }
    }
    let mut waiting: Vec<usize> = (0..stages.len()).collect();
    let mut order = vec![];
    // Always the first in the file whose source has run: the order is the author's wherever it can be.
    while let Some(at) = waiting.iter().position(|i| {
        graph
            .neighbors_directed(NodeIndex::new(*i), petgraph::Direction::Incoming)
            .all(|n| !waiting.contains(&n.index()))
    }) {
        order.push(stages[waiting.remove(at)]);
    }
    let mut told = vec![];
    for i in waiting {
        report_cycle(eval, stages[i], stages.len(), &mut told);
        // Its other mistakes are told all the same.
        order.push(stages[i]);
    }
    order
}

/// The stage that another starts from, and where that is written.
fn source(eval: &Evaluator<'_>, id: ObjectId) -> Option<(ObjectId, Span)> {
    let fields = eval.fields(id).ok()?;
    let from = fields.known("from")?;
    match &from.value {
        Value::Checkpoint(stage, _) => Some((*stage, from.span)),
        _ => None,
    }
}

/// Follows `from` until a stage comes again; a cycle that was told is not told again.
fn report_cycle(eval: &Evaluator<'_>, first: ObjectId, limit: usize, told: &mut Vec<ObjectId>) {
    let mut at = first;
    // After as many steps as there are stages one is inside the cycle for sure.
    for _ in 0..limit {
        at = source(eval, at).map_or(at, |s| s.0);
    }
    let start = at;
    let mut steps = vec![];
    while let Some((next, span)) = source(eval, at).filter(|_| !told.contains(&at)) {
        told.push(at);
        steps.push((eval.object_name(at), span));
        at = next;
        if at == start {
            steps.push((eval.object_name(start), span));
            eval.report(codes::e0209::cycle(&steps));
        }
    }
}

/// A stage with everything it refers to; rules are asked even if parts of it were reported.
fn stage(eval: &Evaluator<'_>, id: ObjectId) -> Option<Stage> {
    let object = eval.program.object(id);
    let fields = eval.fields(id).ok()?;
    let numbers = eval.stage_numbers(id, fields.span_of("duration")).ok();
    let on = fields.object("on").ok();
    let hardware = on.and_then(|on| hardware(eval, on));
    let budget = eval.program.budget_of(&object.name.node).and_then(|b| eval.fields(b).ok());
    let model = fields.object("model").ok();
    let model_fields = model.and_then(|m| eval.fields(m).ok());
    let model_name = model.map(|m| eval.object_name(m)).unwrap_or_default();
    let steps = numbers.map(|n| n.steps).or_else(|| {
        let duration = fields.quantity("duration").ok()?;
        if duration.dimension == Dimension::STEPS { duration.ceil_u64() } else { None }
    });
    let place = |id: ObjectId| eval.program.object(id).name.span;
    let view = StageView {
        eval,
        id,
        span: object.name.span,
        fields: &fields,
        numbers,
        steps,
        model: model.zip(model_fields.as_ref()).map(|(id, fields)| ModelView {
            eval,
            id,
            name: &model_name,
            fields,
        }),
        hardware: hardware.clone().zip(on.map(place)),
        budget: budget.clone(),
    };
    let found = rules::STAGES.iter().filter_map(|rule| rule(&view));
    for diagnostic in found.chain(rules::epochs::of_sources(&view)) {
        eval.report(diagnostic);
    }
    assemble(eval, id, &fields, numbers?, hardware?, budget.as_ref()).ok()
}

fn assemble(
    eval: &Evaluator<'_>,
    id: ObjectId,
    fields: &Fields,
    numbers: StageNumbers,
    hardware: Hardware,
    budget: Option<&Fields>,
) -> Result<Stage, Stop> {
    let object = eval.program.object(id);
    let model_id = fields.object("model")?;
    let model_fields = eval.fields(model_id)?;
    let tokenizer_id = model_fields.object("tokenizer")?;
    let data_id = fields.object("data")?;
    let objective = crate::kinds::stage::objective(fields)?;
    let (tokenizer_facts, data_facts) =
        (eval.tokenizer_facts(tokenizer_id)?, eval.dataset_facts(data_id, tokenizer_id)?);
    let (tokenizer, tokenizer_data) = eval.tokenizer(tokenizer_id)?;
    let optimizer_fields = fields.block("optimizer")?.ok_or(Stop::Reported)?;
    let optimizer_type = optimizer_fields.type_name.and_then(optimizer::find).ok_or(Stop::Reported)?;
    let schedule_fields = fields.block("schedule")?.ok_or(Stop::Reported)?;
    let peak = optimizer_fields.f64("lr")?;
    Ok(Stage {
        name: object.flat.clone(),
        kind: fields.type_name.ok_or(Stop::Reported)?,
        model: model(eval, model_id, &model_fields, &|spec| {
            with_head(spec, &objective, &tokenizer_facts, &data_facts)
        })?,
        objective,
        from: match fields.get("from")?.map(|c| &c.value) {
            Some(Value::Checkpoint(stage, which)) => Some(Start {
                stage: eval.object_name(*stage),
                which: which.clone(),
                headed: eval.fields(*stage)?.type_name == fields.type_name,
            }),
            _ => None,
        },
        tokenizer,
        tokenizer_data,
        tokenizer_facts,
        data: eval.dataset(data_id)?,
        data_facts,
        sequence: numbers.sequence,
        batch: numbers.batch,
        micro_batch: match fields.optional_quantity("micro_batch")? {
            Some(fixed) => MicroBatch::Fixed(fixed.u64().ok_or(Stop::Reported)?),
            None => MicroBatch::Auto,
        },
        steps: numbers.steps,
        optimizer: (optimizer_type.read)(optimizer_fields)?,
        learning_rate: schedule::read(schedule_fields, peak, numbers.steps)?,
        precision: Precision::from_name(fields.word("precision")?).ok_or(Stop::Reported)?,
        recompute: recompute(fields)?,
        reproducible: fields.bool("reproducible")?,
        fuse: fuse(fields)?,
        evaluate: evaluate(eval, fields)?,
        checkpoint: checkpoint(fields)?,
        sample: sample(fields)?,
        hardware,
        budget: budget.map(limits).transpose()?,
        span: object.name.span,
        spans: StageSpans {
            batch: fields.span_of("batch"),
            micro_batch: fields.span_of("micro_batch"),
            sequence: fields.span_of("sequence"),
            precision: fields.span_of("precision"),
            recompute: recompute_span(fields),
            duration: fields.span_of("duration"),
        },
    })
}

/// The model with the head that the objective puts on it.
fn with_head(
    spec: Arc<dyn ModelSpec>,
    objective: &Objective,
    tokenizer: &TokenizerFacts,
    data: &DatasetFacts,
) -> Result<Arc<dyn ModelSpec>, Stop> {
    if let Objective::NextSentence(_) = objective {
        return spec.with_next_sentence().ok_or(Stop::Reported);
    }
    let (gives, dropout) = match objective {
        Objective::Classify { dropout } => {
            let records = data.splits.iter().find_map(|s| s.records.as_ref()).ok_or(Stop::Reported)?;
            (Gives::Classes(records.classes.iter().map(|(name, _)| name.clone()).collect()), *dropout)
        }
        Objective::RewardModel { .. } => (Gives::Scalar, 0.0),
        _ => return Ok(spec),
    };
    let reads = spec.body().ok_or(Stop::Reported)?.head.reads;
    let marks = marks_around(reads, tokenizer, spec.vocab());
    let padding = marks.padding.unwrap_or(tokenizer.end_of_text);
    let classifier = Classifier::new(spec, gives, dropout, padding).ok_or(Stop::Reported)?;
    Ok(Arc::new(classifier))
}

fn model(
    eval: &Evaluator<'_>,
    id: ObjectId,
    fields: &Fields,
    with_head: &dyn Fn(Arc<dyn ModelSpec>) -> Result<Arc<dyn ModelSpec>, Stop>,
) -> Result<Model, Stop> {
    let architecture = fields.type_name.and_then(find_architecture).ok_or(Stop::Reported)?;
    let spec = with_head(eval.model(id)?)?;
    let tensors: Arc<[WeightSpec]> = spec.weights().into();
    Ok(Model {
        name: eval.object_name(id),
        architecture: architecture.schema().name,
        parameters: tensors.iter().map(WeightSpec::elements).sum(),
        tensors,
        spec,
        weights: fields.optional_text("weights")?,
        span: eval.program.object(id).name.span,
    })
}

/// `recompute` of the stage, or of its `parallel` block; a rule refuses both.
fn recompute(fields: &Fields) -> Result<Recompute, Stop> {
    let inner = fields.block("parallel")?.map(|p| p.optional_word("recompute")).transpose()?.flatten();
    Ok(match fields.optional_word("recompute")?.or(inner) {
        Some("full") => Recompute::Full,
        _ => Recompute::None,
    })
}

/// `all`, `none`, or a list of fusions.
fn fuse(fields: &Fields) -> Result<Fusions, Stop> {
    match fields.get("fuse")?.map(|c| &c.value) {
        Some(Value::Word(word)) if word == "none" => Ok(Fusions::NONE),
        Some(Value::List(list)) => Ok(Fusions::named(list.iter().filter_map(|c| match &c.value {
            Value::Word(word) => Some(word.as_str()),
            _ => None,
        }))),
        _ => Ok(Fusions::ALL),
    }
}

fn recompute_span(fields: &Fields) -> Span {
    let inner = fields.block("parallel").ok().flatten().filter(|p| p.known("recompute").is_some());
    match (fields.known("recompute"), inner) {
        (None, Some(parallel)) => parallel.span_of("recompute"),
        _ => fields.span_of("recompute"),
    }
}

fn evaluate(eval: &Evaluator<'_>, fields: &Fields) -> Result<Option<Evaluate>, Stop> {
    let Some(block) = fields.block("evaluate")? else { return Ok(None) };
    let Some(Value::Split(data, split)) = block.known("on").map(|c| &c.value) else {
        return Err(Stop::Reported);
    };
    let own = fields.object("data")?;
    let source = (*data != own && eval.dataset(own)?.is_mix()).then(|| eval.object_name(*data));
    let samples = block.optional_quantity("samples")?.and_then(Quantity::u64).unwrap_or(0);
    let mut watch = Watch {
        metric: block.word("metric")?.to_string(),
        goal: improves(block.word("metric")?),
        keep_best: true,
        patience: None,
        min_delta: 0.0,
    };
    if let Some(stop) = fields.block("stop")? {
        watch.metric = stop.word("metric")?.to_string();
        watch.goal = match stop.optional_word("goal")? {
            Some("maximise") => Goal::Maximise,
            Some(_) => Goal::Minimise,
            None => improves(&watch.metric),
        };
        watch.patience = Some(stop.u64("patience")?);
        watch.min_delta = stop.f64("min_delta")?;
    }
    Ok(Some(Evaluate { split: split.clone(), source, every: block.u64("every")?, samples, watch }))
}

/// Which way a metric improves.
fn improves(metric: &str) -> Goal {
    if metric == "loss" { Goal::Minimise } else { Goal::Maximise }
}

fn checkpoint(fields: &Fields) -> Result<CheckpointPolicy, Stop> {
    let block = fields.block("checkpoint")?.ok_or(Stop::Reported)?;
    let every = block.quantity("every")?;
    let every = match every.dimension {
        Dimension::STEPS => Period::Steps(every.ceil_u64().ok_or(Stop::Reported)?),
        _ => Period::Seconds(every.f64()),
    };
    Ok(CheckpointPolicy { every, keep: block.u64("keep")? })
}

fn sample(fields: &Fields) -> Result<Option<Sample>, Stop> {
    // Only stages whose models write text have the field.
    let Some(block) = fields.block("sample")? else { return Ok(None) };
    let (tokens, temperature) = (block.u64("tokens")?, block.f64("temperature")?);
    Ok(Some(Sample { prompt: block.text("prompt")?, tokens, temperature }))
}

/// The device, from its catalogue entry and what the declaration changes.
fn hardware(eval: &Evaluator<'_>, id: ObjectId) -> Option<Hardware> {
    let entry = eval.instance.object(id).entry.clone()?;
    let fields = eval.fields(id).ok()?;
    let cpu = entry.backend == Backend::Cpu;
    let threads = if cpu { fields.u64("threads").ok()? } else { 0 };
    let gpus = if cpu { 1 } else { fields.u64("gpus").ok()? };
    let nodes = fields.u64("nodes").ok()?;
    let per_thread = if cpu { threads as f64 } else { 1.0 };
    let memory =
        fields.optional_quantity("memory").ok()?.and_then(Quantity::ceil_u64).unwrap_or(entry.memory);
    // A few threads saturate a machine's memory.
    let bandwidth = entry.bandwidth * per_thread.min(4.0);
    let flops_f32 = entry.f32 * per_thread;
    let typical = shelf::typical(entry.backend, flops_f32, bandwidth);
    let efficiency =
        calibration(eval, id, &shelf::calibration_name(&entry.name, entry.backend, threads), &typical)
            .unwrap_or(typical);
    Some(Hardware {
        name: entry.name.clone(),
        backend: entry.backend,
        count: nodes.saturating_mul(gpus),
        threads,
        device: entry.device.clone(),
        multiprocessors: entry.multiprocessors,
        memory,
        bandwidth,
        flops_f32,
        flops_bf16: entry.bf16.map(|f| f * per_thread),
        watts: entry.watts,
        price: price(&fields, nodes, gpus),
        context_bytes: entry.context,
        plans_only: entry.plans_only.clone(),
        efficiency,
    })
}

/// Dollars per hour of one device.
fn price(fields: &Fields, nodes: u64, gpus: u64) -> Option<f64> {
    let written = fields.optional_quantity("price").ok()??;
    let shared_by = match written.dimension {
        d if d == Dimension::DOLLARS.per(Dimension::GPUS).per(Dimension::SECONDS) => 1,
        d if d == Dimension::DOLLARS.per(Dimension::NODES).per(Dimension::SECONDS) => gpus,
        _ => nodes.saturating_mul(gpus),
    };
    let hourly = written.value.clone() * num_rational::BigRational::from(num_bigint::BigInt::from(3_600));
    Some(number::to_f64(&(hourly / num_rational::BigRational::from(num_bigint::BigInt::from(shared_by)))))
}

fn calibration(eval: &Evaluator<'_>, id: ObjectId, name: &str, typical: &Efficiency) -> Option<Efficiency> {
    let text = eval.world().calibration(name)?;
    match shelf::calibration(&text, typical.clone()) {
        Ok(efficiency) => Some(efficiency),
        Err(why) => {
            eval.report(codes::e0506::calibration(name, &why, eval.program.object(id).name.span));
            None
        }
    }
}

/// Limits in the order of the schema, so that the order in which they are written means nothing.
fn limits(fields: &Fields) -> Result<Budget, Stop> {
    const ALL: [(&str, Limited); 4] = [
        ("memory", Limited::Memory),
        ("compute", Limited::Compute),
        ("time", Limited::Time),
        ("cost", Limited::Cost),
    ];
    let mut limits = vec![];
    for (name, what) in ALL {
        let Some(checked) = fields.get(name)? else { continue };
        let Value::Quantity(quantity) = &checked.value else { return Err(Stop::Reported) };
        limits.push(limit(what, quantity, checked.span));
    }
    Ok(Budget { limits })
}

fn limit(what: Limited, quantity: &Quantity, span: Span) -> Limit {
    let base = match what {
        Limited::Memory => ("bytes", 1.0),
        Limited::Compute => ("FLOP", 1.0),
        Limited::Time => ("s", 1.0),
        Limited::Cost => ("$", 1.0),
    };
    let unit = match &quantity.shown {
        Some(shown) if shown.dollar => ("$".to_string(), 1.0),
        Some(shown) => (shown.unit.clone(), number::to_f64(&shown.factor)),
        None => (base.0.to_string(), base.1),
    };
    Limit { what, at_most: quantity.f64(), written: quantity.to_string(), unit, span }
}
