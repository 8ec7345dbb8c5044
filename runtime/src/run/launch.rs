//! Puts the real parts together: data of the data engine, programs on libtorch, the interpreter.

use super::batches::Streams;
use super::engine::Engine;
use super::gpu::Gpu;
use super::libtorch::{Libtorch, Observe};
use super::masking::Masker;
use super::measure::free_memory;
use super::{Checked, Job, Observer, Outcome, Parts, codes, find_stage, run_stage};
use crate::codes::machine_too_full;
use regimen_base::Diagnostic;
use regimen_base::data::Certainty;
use regimen_base::plan::{Backend, DatasetPlan, Stage};
use regimen_base::schedule::{Feed, RowLayout};
use regimen_base::trace::Trace;
use regimen_data::chat::Opened;
use regimen_data::tokenizer::edges;
use regimen_data::{
    Compared, Fault, Labelled, Member, Mixed, PairLayout, Pairs, Place, Prepared, Progress, Rows, Stream,
    Tokenize,
};
use std::path::Path;
use std::sync::Arc;

/// Name of the timeline in a run's folder.
pub const PROFILE: &str = "profile.trace.json";

/// Prepares the data of a stage and runs it on libtorch.
///
/// # Errors
/// Everything that is wrong with data and tokenizer, or the first thing that goes wrong while running.
pub fn launch(
    job: &Job,
    place: &Place,
    observe: Observe,
    preparing: &mut dyn Progress,
    observer: &mut dyn Observer,
) -> Result<Outcome, Vec<Diagnostic>> {
    let one = |diagnostic| vec![diagnostic];
    let stage = find_stage(job.plan, job.stage).map_err(one)?;
    // Before any data is read.
    Checked::new(stage).map_err(one)?;
    let Ready { mut streams, tokenizer, chat } = prepare_data(stage, place, preparing, observer)?;
    let mut engine = open(stage, observe).map_err(one)?;
    let parts = Parts {
        engine: engine.as_mut(),
        batches: &mut streams,
        tokenizer: tokenizer.as_ref(),
        chat: chat.as_ref(),
        observer,
    };
    let outcome = run_stage(job, parts).map_err(one)?;
    if observe == Observe::Times {
        write_profile(stage, engine.as_ref(), &outcome.folder).map_err(one)?;
    }
    Ok(outcome)
}

/// Writes the timeline of what was measured beside the metrics.
fn write_profile(stage: &Stage, engine: &dyn Engine, folder: &Path) -> Result<(), Diagnostic> {
    let mut trace = Trace::default();
    trace.stage(&stage.name, stage, |program| engine.seconds(&program.name));
    let path = folder.join(PROFILE);
    let text = trace.to_json().map_err(std::io::Error::other);
    text.and_then(|text| std::fs::write(&path, text))
        .map_err(|e| codes::run_folder_failed("write", &path, &e))
}

/// The engine of the device that the stage was planned for.
///
/// # Errors
/// If the device is not there, is another one, or memory does not suffice.
pub fn open(stage: &Stage, observe: Observe) -> Result<Box<dyn Engine>, Diagnostic> {
    Ok(match stage.target.backend {
        Backend::Cpu => {
            // A system that gives more than it has would kill the run in the middle.
            if let Some(free) = free_memory().filter(|free| *free < stage.peak_bytes) {
                return Err(machine_too_full(&stage.name, stage.peak_bytes, free));
            }
            Box::new(Libtorch::new(stage, observe)?)
        }
        Backend::Cuda => Box::new(Gpu::new(stage, observe)?),
    })
}

/// What a stage reads, ready.
#[derive(Debug)]
pub struct Ready {
    /// Its feeds.
    pub streams: Streams,
    /// Its tokenizer.
    pub tokenizer: Arc<dyn Tokenize>,
    /// How conversations are rendered, if the data or the tokenizer say so.
    pub chat: Option<Opened>,
}

/// Opens a stage's data, prepared as planned or prepared now: its feeds and its tokenizer.
///
/// # Errors
/// If the data cannot be read, or is not what the plan's numbers follow from.
pub fn prepare_data(
    stage: &Stage,
    place: &Place,
    preparing: &mut dyn Progress,
    observer: &mut dyn Observer,
) -> Result<Ready, Vec<Diagnostic>> {
    let mut streams = Streams::default();
    let mut ready = None;
    for dataset in &stage.datasets {
        let plan = &stage.tokenizer;
        let prepared = regimen_data::prepare(
            place,
            &plan.tokenizer,
            plan.train_on.as_ref(),
            &dataset.dataset,
            preparing,
        )?;
        prepared.warnings.iter().for_each(|w| observer.warning(w));
        as_planned(stage, dataset, &prepared).map_err(|d| vec![d])?;
        add_feeds(stage, dataset, &prepared, &mut streams).map_err(|d| vec![d])?;
        ready = Some((prepared.tokenizer, prepared.chat));
    }
    let none = || vec![codes::plan_not_runnable(&stage.name, "it reads no data")];
    let (tokenizer, chat) = ready.ok_or_else(none)?;
    Ok(Ready { streams, tokenizer, chat })
}

/// Refuses data that is not what the plan's numbers follow from.
fn as_planned(stage: &Stage, dataset: &DatasetPlan, prepared: &Prepared) -> Result<(), Diagnostic> {
    let (planned, found) = (&stage.tokenizer.facts, &prepared.tokenizer_facts);
    if planned.vocab != found.vocab || planned.content != found.content {
        let estimated = planned.certainty == Certainty::Estimated;
        return Err(codes::data_changed("tokenizer", &stage.tokenizer.tokenizer.name, estimated));
    }
    if dataset.facts.content != prepared.facts.content || dataset.facts.splits != prepared.facts.splits {
        let estimated = dataset.facts.certainty == Certainty::Estimated;
        return Err(codes::data_changed("dataset", &dataset.dataset.name, estimated));
    }
    Ok(())
}

fn add_feeds(
    stage: &Stage,
    dataset: &DatasetPlan,
    prepared: &Prepared,
    streams: &mut Streams,
) -> Result<(), Diagnostic> {
    let tokenizer = prepared.tokenizer.as_ref();
    for feed in stage.feeds.iter().filter(|f| f.dataset == dataset.dataset.name) {
        let read = Reading { stage, feed, prepared };
        let tokens = |member: &Member| member.split(&feed.split).cloned();
        let both = |member: &Member| Some((tokens(member)?, member.records(&feed.split)?.clone()));
        if let Some(RowLayout { packing }) = feed.rows {
            let rows = read.sources(
                |member| member.conversations(&feed.split).cloned(),
                |file| Rows::new(file, feed.sequence, packing, feed.shuffle),
            )?;
            streams.add_conversations(feed, rows);
        } else if let Some(records) = &feed.records {
            let only = prepared.only().and_then(both).ok_or_else(|| read.missing())?;
            let labelled = Labelled::new(only.0, &only.1, records.marks, feed.shuffle);
            streams.add_records(feed, labelled.map_err(|fault| *fault)?);
        } else if let Some(form) = &feed.compared {
            let only = prepared.only().and_then(both).ok_or_else(|| read.missing())?;
            let layout = PairLayout { sequence: feed.sequence, marks: form.marks, margins: form.margins };
            let pairs = Compared::new(only.0, &only.1, layout, feed.shuffle);
            streams.add_compared(feed, pairs.map_err(|fault| *fault)?);
        } else if let (Some(form), Some(masking)) = (feed.pairs, &feed.masking) {
            let edges = Arc::new(edges(tokenizer));
            let pairs = |file| Pairs::new(file, feed.sequence, feed.shuffle, form, edges.clone());
            streams.add_pairs(feed, read.sources(tokens, pairs)?, Masker::new(masking, tokenizer));
        } else {
            let found = read.sources(tokens, |file| Stream::new(file, feed.sequence, feed.shuffle))?;
            streams.add(feed, found, tokenizer);
        }
    }
    Ok(())
}

/// A feed and the data that it reads.
struct Reading<'a> {
    stage: &'a Stage,
    feed: &'a Feed,
    prepared: &'a Prepared,
}

impl Reading<'_> {
    /// What is made of the feed's split of every source that it is drawn from.
    fn sources<F, T>(
        &self,
        file: impl Fn(&Member) -> Option<F>,
        make: impl Fn(F) -> Result<T, Fault>,
    ) -> Result<Mixed<T>, Diagnostic> {
        let one = |weight: u64, member: Option<&Member>| {
            let file = member.and_then(&file).ok_or_else(|| self.missing())?;
            Ok((weight, make(file).map_err(|fault| *fault)?))
        };
        let members: Result<Vec<(u64, T)>, Diagnostic> = match self.feed.mix.as_slice() {
            [] => one(1, self.prepared.only()).map(|only| vec![only]),
            mix => mix.iter().map(|drawn| one(drawn.weight, self.prepared.member(&drawn.source))).collect(),
        };
        Ok(Mixed::new(members?, self.feed.shuffle))
    }

    fn missing(&self) -> Diagnostic {
        let what = format!("feed `{}` reads no existing split", self.feed.name);
        codes::plan_not_runnable(&self.stage.name, what)
    }
}
