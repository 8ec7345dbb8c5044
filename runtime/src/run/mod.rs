//! Runs a stage of a plan: the host's schedule, its run folder, and what it reports.
//!
//! [`run_stage`] takes everything it works with as an argument and knows neither libtorch nor files of
//! data; [`launch`] puts the real ones together.

pub mod batches;
mod caches;
mod check;
pub mod codes;
mod counting;
pub mod engine;
mod fields;
pub mod folder;
pub mod gpu;
pub mod interrupt;
mod launch;
pub mod libtorch;
mod masking;
mod measure;
mod numerics;
pub mod observer;
mod parents;
mod planned;
mod rewards;
mod session;
mod tally;
mod times;
mod watch;

#[cfg(test)]
mod resume_tests;
#[cfg(test)]
mod session_tests;
#[cfg(test)]
pub(crate) mod testing;

pub use batches::{Batches, Streams};
pub use counting::{Counting, flops};
pub use engine::{Engine, HostSlice, Residents};
pub use folder::{RunFolder, Start};
pub use gpu::Gpu;
pub use interrupt::{INTERRUPTED, Interrupt};
pub use launch::{PROFILE, Ready, launch, open, prepare_data};
pub use libtorch::{Libtorch, Observe};
pub use measure::{Measured, free_memory};
pub use observer::{Evaluated, Observer, Silent, Started, Step};

use crate::checkpoint::manifest::FORMAT;
use crate::checkpoint::{Checkpoint, Manifest, Store, names};
use crate::metrics::Recorder;
use check::Checked;
use planned::Part;
use regimen_base::Diagnostic;
use regimen_base::plan::{Plan, Stage};
use regimen_data::Tokenize;
use regimen_data::chat::Opened;
use session::{Flow, Progress, Session};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Which stage of which plan is run where.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Name of the stage.
    pub stage: &'a str,
    /// The experiment's folder; the run folder lies in `runs/` below it.
    pub root: &'a Path,
    /// What becomes of an earlier run.
    pub start: Start,
    /// Whether the user wants it to stop.
    pub interrupt: &'a Interrupt,
}

/// What a run works with.
pub struct Parts<'a> {
    /// Executes programs; its residents are zero.
    pub engine: &'a mut dyn Engine,
    /// Where samples come from.
    pub batches: &'a mut dyn Batches,
    /// Turns text into tokens and back.
    pub tokenizer: &'a dyn Tokenize,
    /// How conversations with the model are rendered, if it learns from any: its checkpoints keep it.
    pub chat: Option<&'a Opened>,
    /// Is told what happens.
    pub observer: &'a mut dyn Observer,
}

impl std::fmt::Debug for Parts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("tokenizer", &self.tokenizer).finish_non_exhaustive()
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The whole schedule is done.
    Finished,
    /// The schedule is done, and early stopping cut the steps short.
    StoppedEarly,
    /// The user asked to stop; a checkpoint was written, and the run can be resumed.
    Interrupted,
    /// An earlier process had already done everything.
    WasFinished,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// Steps done, by all processes together.
    pub step: u64,
    /// The run folder.
    pub folder: PathBuf,
    /// What this process took.
    pub measured: Measured,
    /// What was found wrong after everything was saved: the measured memory is not the planned one.
    pub problems: Vec<Diagnostic>,
}

/// Runs a stage to its end, or until the user asks to stop.
///
/// # Errors
/// If the plan cannot be run, the folder is in use or cannot be written, the run cannot be resumed, a number
/// is not finite, or the library fails. Checkpoints written before are intact.
pub fn run_stage(job: &Job, parts: Parts) -> Result<Outcome, Diagnostic> {
    let stage = find_stage(job.plan, job.stage)?;
    let checked = Checked::new(stage)?;
    let path = RunFolder::path_of(job.root, &job.plan.content.experiment, &stage.name)?;
    let parent = parents::current(job.plan, job.root, stage)?;
    let folder = RunFolder::open(&path, job.start)?;
    let began = Instant::now();
    let store = Store::open(&folder.checkpoints())?;
    let checkpoint = last_checkpoint(&store, &folder, parts.observer)?;
    let fresh = new_manifest(job.plan, &checked, parts.engine)?;
    if let Some(checkpoint) = &checkpoint {
        agree(checkpoint, stage, &fresh, parts.observer)?;
        parents::unchanged(&stage.name, checkpoint.manifest.parent.as_ref(), parent.as_ref())?;
        checkpoint.restore(stage, parts.engine)?;
    }
    let texts = texts(job.plan, parts.tokenizer, parts.chat, &folder)?;
    let state = match &checkpoint {
        Some(c) => Manifest { plan: fresh.plan, machine: fresh.machine, ..c.manifest.clone() },
        None => Manifest { parent, ..fresh },
    };
    if state.finished {
        return Ok(already_done(&folder, state.step));
    }
    if checkpoint.is_none() {
        // Before anything is said to begin.
        parents::present(job.plan, job.root, stage)?;
    }
    announce(parts.observer, &checked, &folder, checkpoint.as_ref());
    let (recorder, warning) = Recorder::open(folder.path(), state.metrics_lines, state.step)?;
    warning.iter().for_each(|w| parts.observer.warning(w));
    let before = state.step;
    let mut session = Session {
        stage: checked,
        engine: Counting::new(parts.engine),
        batches: parts.batches,
        tokenizer: parts.tokenizer,
        observer: parts.observer,
        interrupt: job.interrupt,
        root: job.root,
        folder: &folder,
        store,
        recorder,
        texts,
        state,
        resumed: checkpoint.is_some(),
        progress: Progress::new(checkpoint.as_ref().map(|c| c.manifest.step)),
    };
    let flow = session.run()?;
    conclude(&session, flow, before, began, &folder)
}

/// The stage of a plan with this name.
///
/// # Errors
/// If there is none.
pub fn find_stage<'a>(plan: &'a Plan, name: &str) -> Result<&'a Stage, Diagnostic> {
    plan.stage(name).ok_or_else(|| {
        let names: Vec<&str> = plan.content.stages.iter().map(|s| s.name.as_str()).collect();
        codes::plan_not_runnable(name, format!("the plan's stages are {}", codes::listed(&names)))
    })
}

fn last_checkpoint(
    store: &Store,
    folder: &RunFolder,
    observer: &mut dyn Observer,
) -> Result<Option<Checkpoint>, Diagnostic> {
    let (checkpoint, warnings) = store.newest_good()?;
    warnings.iter().for_each(|w| observer.warning(w));
    if checkpoint.is_none() && !warnings.is_empty() {
        // Beginning again would throw the metrics of the whole run away without being asked.
        let why = match warnings.len() {
            1 => "the only one is damaged".to_owned(),
            many => format!("all {many} are damaged"),
        };
        return Err(codes::checkpoints_lost(folder.path(), &why));
    }
    Ok(checkpoint)
}

fn new_manifest(plan: &Plan, stage: &Checked, engine: &dyn Engine) -> Result<Manifest, Diagnostic> {
    let numerics = numerics::key(stage).map_err(|e| codes::plan_not_runnable(&stage.name, e.to_string()))?;
    let training = stage.feeds.iter().filter(|f| stage.trains_on(&f.name));
    Ok(Manifest {
        format: FORMAT,
        experiment: plan.content.experiment.clone(),
        stage: stage.name.clone(),
        plan: plan.hash.clone(),
        numerics,
        machine: engine.machine(),
        step: 0,
        streams: training.map(|f| (f.name.clone(), 0)).collect(),
        watched: BTreeMap::new(),
        best: None,
        stopped: false,
        finished: false,
        metrics_lines: 0,
        parent: None,
        files: BTreeMap::new(),
    })
}

/// Refuses to go on from a checkpoint of a stage that computes something else.
fn agree(
    checkpoint: &Checkpoint,
    stage: &Stage,
    now: &Manifest,
    observer: &mut dyn Observer,
) -> Result<(), Diagnostic> {
    let before = &checkpoint.manifest;
    if before.numerics != now.numerics {
        let plan = checkpoint.plan()?;
        let differences = plan.stage(&before.stage).map(|old| numerics::differences(old, stage));
        return Err(codes::resume_refused(
            &stage.name,
            &differences.and_then(Result::ok).unwrap_or_default(),
        ));
    }
    if before.machine != now.machine {
        observer.warning(&codes::another_machine(&before.machine, &now.machine));
    }
    Ok(())
}

/// Writes plan and tokenizer into the run folder; the same texts go into every checkpoint.
fn texts(
    plan: &Plan,
    tokenizer: &dyn Tokenize,
    chat: Option<&Opened>,
    folder: &RunFolder,
) -> Result<BTreeMap<String, String>, Diagnostic> {
    let json =
        plan.to_json().map_err(|e| codes::plan_not_runnable(&plan.content.experiment, e.to_string()))?;
    folder.write(names::PLAN, &json)?;
    let failed = |e| codes::run_folder_failed("write the tokenizer in", folder.path(), &e);
    regimen_data::tokenizer::save(tokenizer, chat, folder.path()).map_err(failed)?;
    let mut texts = BTreeMap::from([(names::PLAN.to_owned(), json)]);
    for name in [names::TOKENIZER, names::TOKENIZER_CONFIG] {
        texts.insert(name.to_owned(), std::fs::read_to_string(folder.path().join(name)).map_err(failed)?);
    }
    Ok(texts)
}

fn announce(observer: &mut dyn Observer, stage: &Checked, folder: &RunFolder, from: Option<&Checkpoint>) {
    observer.started(&Started {
        stage: &stage.name,
        folder: folder.path(),
        resumed_at: from.map(|c| c.manifest.step),
        steps: stage.steps(),
        tokens_per_step: stage.tokens_per_step(),
        planned_bytes: stage.peak_bytes,
    });
}

fn conclude(
    session: &Session,
    flow: Flow,
    before: u64,
    began: Instant,
    folder: &RunFolder,
) -> Result<Outcome, Diagnostic> {
    let (stage, state) = (&session.stage, &session.state);
    let end = match flow {
        Flow::Interrupted => End::Interrupted,
        Flow::Done if state.stopped => End::StoppedEarly,
        Flow::Done => End::Finished,
    };
    // A resumed run does not initialise, and one without samples does not score: only what ran counts.
    let runs = session.engine.runs();
    let ran = runs.keys().filter_map(|name| stage.programs.get(name));
    let steps = state.step - before;
    let part = Part { fresh: !session.resumed, steps: before..state.step, ended: flow == Flow::Done };
    let measured = Measured {
        planned_bytes: ran.map(|p| p.peak_bytes).max().unwrap_or(0),
        measured_bytes: session.engine.measured_peak(),
        resident_growth: session.engine.resident_growth(),
        planned_flops: flops(stage, &planned::runs(&stage.schedule, &part)),
        measured_flops: flops(stage, runs),
        seconds: began.elapsed().as_secs_f64(),
        steps,
        tokens: steps * stage.tokens_per_step(),
    };
    let outcome = Outcome {
        end,
        step: state.step,
        folder: folder.path().to_owned(),
        problems: memory_problem(&stage.name, &measured).into_iter().collect(),
        measured,
    };
    folder.write("result.json", &result_json(&outcome))?;
    Ok(outcome)
}

fn memory_problem(stage: &str, measured: &Measured) -> Option<Diagnostic> {
    let counted = measured.measured_bytes?;
    (counted != measured.planned_bytes).then(|| codes::peak_differs(stage, measured.planned_bytes, counted))
}

fn result_json(outcome: &Outcome) -> String {
    let value = serde_json::json!({ "end": outcome.end, "step": outcome.step, "measured": outcome.measured });
    format!("{value:#}\n")
}

fn already_done(folder: &RunFolder, step: u64) -> Outcome {
    let measured = Measured {
        planned_bytes: 0,
        measured_bytes: None,
        resident_growth: None,
        planned_flops: 0.0,
        measured_flops: 0.0,
        seconds: 0.0,
        steps: 0,
        tokens: 0,
    };
    Outcome { end: End::WasFinished, step, folder: folder.path().to_owned(), measured, problems: vec![] }
}
