//! The interpreter of a stage's schedule.
//!
//! A checkpoint is only ever taken between two steps: what asks for one inside a step (the policy, a new
//! best evaluation, Ctrl-C) is remembered, and the checkpoint is written when the step's actions are done.
//! So a resumed run begins a step with exactly what the uninterrupted one had there.

use super::batches::{Batches, MicroBatch};
use super::check::Checked;
use super::codes;
use super::counting::Counting;
use super::engine::{Engine, Residents};
use super::folder::RunFolder;
use super::interrupt::Interrupt;
use super::measure::Pace;
use super::observer::{Evaluated, Observer, Step};
use super::rewards::Rewards;
use super::tally::Tally;
use super::watch::judge;
use crate::checkpoint::convert::{to_f64, write};
use crate::checkpoint::weights::first_not_finite;
use crate::checkpoint::{Best, Manifest, Snapshot, Store};
use crate::exchange;
use crate::generate::{Generator, Programs, Request, Sampling, Stops};
use crate::metrics::{Line, Recorder};
use regimen_base::Diagnostic;
use regimen_base::schedule::{
    Action, CheckpointPolicy, Counter, Feed, HostValue, Metric, Period, Watch, WeightSource,
};
use regimen_data::Tokenize;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// Everything that a run works with.
pub struct Session<'a> {
    pub stage: Checked<'a>,
    pub engine: Counting<'a>,
    pub batches: &'a mut dyn Batches,
    pub tokenizer: &'a dyn Tokenize,
    pub observer: &'a mut dyn Observer,
    pub interrupt: &'a Interrupt,
    /// The experiment's folder.
    pub root: &'a Path,
    pub folder: &'a RunFolder,
    pub store: Store,
    pub recorder: Recorder,
    /// Texts that go into every checkpoint.
    pub texts: BTreeMap<String, String>,
    /// Where the run stands: what the next checkpoint will say.
    pub state: Manifest,
    /// Whether it goes on from a checkpoint.
    pub resumed: bool,
    pub progress: Progress,
}

/// What is only needed while the process lives.
pub struct Progress {
    /// Number of the step under way, counted from 1; outside the steps, those done.
    pub current: u64,
    /// Whether a checkpoint is to be written after this step.
    pub due: bool,
    /// Step of the last checkpoint.
    pub saved: Option<u64>,
    pub last_save: Instant,
    pub pace: Pace,
    pub timed: bool,
    pub micro: MicroBatch,
    /// What the next training program will read.
    pub next: MicroBatch,
}

impl Progress {
    /// Before the first action; `saved` is the step of the checkpoint that the run goes on from.
    pub fn new(saved: Option<u64>) -> Progress {
        Progress {
            current: saved.unwrap_or(0),
            due: false,
            saved,
            last_save: Instant::now(),
            pace: Pace::start(),
            timed: true,
            micro: MicroBatch::default(),
            next: MicroBatch::default(),
        }
    }
}

/// Whether the schedule goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Done,
    Interrupted,
}

/// What is counted of the first output of an evaluation.
enum Counted {
    Nothing,
    Classes(Tally),
    Pairs(Rewards),
}

impl Counted {
    fn add(&mut self, numbers: &[f64], labels: &[i64]) {
        match self {
            Counted::Nothing => {}
            Counted::Classes(tally) => tally.add(numbers, labels),
            Counted::Pairs(rewards) => rewards.add(numbers, labels),
        }
    }

    fn metrics(&self) -> Vec<(String, f64)> {
        match self {
            Counted::Nothing => vec![],
            Counted::Classes(tally) => tally.metrics(),
            Counted::Pairs(rewards) => rewards.metrics(),
        }
    }
}

/// Where in the steps an action stands.
#[derive(Clone, Copy)]
struct Round {
    step: u64,
    micro: u64,
    last: bool,
}

impl<'a> Session<'a> {
    /// Carries out the whole schedule.
    pub fn run(&mut self) -> Result<Flow, Diagnostic> {
        let stage = self.stage.stage();
        self.actions(&stage.schedule, None)
    }

    fn actions(&mut self, actions: &'a [Action], round: Option<Round>) -> Result<Flow, Diagnostic> {
        for action in actions {
            if self.action(action, round)? == Flow::Interrupted {
                return Ok(Flow::Interrupted);
            }
        }
        Ok(Flow::Done)
    }

    fn action(&mut self, action: &'a Action, round: Option<Round>) -> Result<Flow, Diagnostic> {
        match action {
            Action::Fresh { body } if !self.resumed => return self.actions(body, round),
            Action::Fresh { .. } => {}
            Action::Run { program, feed } => self.program(program, feed.as_deref(), round)?,
            Action::Load { from } => self.load(from)?,
            Action::Repeat { counter: Counter::Step, times, body } => return self.steps(*times, body),
            Action::Repeat { counter: Counter::MicroBatch, times, body } => {
                for micro in 0..*times {
                    self.actions(body, round.map(|r| Round { micro, ..r }))?;
                }
            }
            Action::Set { resident, value } => self.set(resident, value, round)?,
            Action::Every { every, last, body } => {
                let due = round.is_some_and(|r| (r.step + 1).is_multiple_of(*every) || (*last && r.last));
                if due {
                    return self.actions(body, round);
                }
            }
            Action::Report { metrics } => self.report(metrics)?,
            Action::Evaluate { name, program, feed, batches, metrics, classes, pairs, watch } => {
                let mut counted = match classes {
                    Some(classes) => Counted::Classes(Tally::new(*classes)),
                    None if *pairs => Counted::Pairs(Rewards::default()),
                    None => Counted::Nothing,
                };
                let seconds = self.evaluate(name, program, feed, *batches, &mut counted)?;
                let mut values = self.read(metrics, name)?;
                values.extend(counted.metrics());
                self.evaluated(name, &values, watch.as_ref(), seconds)?;
            }
            Action::Sample { prefill, program, prompt, tokens, temperature, key } => {
                let sampling = Sampling { temperature: *temperature, ..Sampling::GREEDY };
                let programs = Programs { prefill, decode: program };
                let stops = Stops { tokens: vec![self.tokenizer.end_of_text()], texts: vec![] };
                let ids = self.tokenizer.encode(prompt).map_err(|fault| *fault)?;
                let request = Request { prompt: &ids, tokens: *tokens, sampling, stops: &stops, key: *key };
                self.sample(programs, prompt, &request)?;
            }
            Action::Checkpoint { policy } => self.progress.due |= self.is_due(policy),
            Action::Finish => self.save(true)?,
        }
        Ok(Flow::Done)
    }

    /// The steps that are still to be done.
    fn steps(&mut self, times: u64, body: &'a [Action]) -> Result<Flow, Diagnostic> {
        self.progress.pace = Pace::start();
        for step in self.state.step..times {
            if self.state.stopped {
                break;
            }
            self.progress.current = step + 1;
            self.progress.timed = false;
            self.progress.pace.begin_step();
            self.actions(body, Some(Round { step, micro: 0, last: step + 1 == times }))?;
            if self.end_step(step)? == Flow::Interrupted {
                return Ok(Flow::Interrupted);
            }
        }
        Ok(Flow::Done)
    }

    fn end_step(&mut self, step: u64) -> Result<Flow, Diagnostic> {
        self.state.step = step + 1;
        for (feed, samples) in &mut self.state.streams {
            *samples = self.state.step * self.stage.feed(feed)?.batch;
        }
        let interrupted = self.interrupt.asked();
        if self.progress.due || interrupted {
            self.save(false)?;
        }
        Ok(if interrupted { Flow::Interrupted } else { Flow::Done })
    }

    fn program(&mut self, program: &str, feed: Option<&str>, round: Option<Round>) -> Result<(), Diagnostic> {
        let (Some(feed), Some(round)) = (feed, round) else {
            self.engine.run(program, &[])?;
            return Ok(());
        };
        let feed = self.stage.feed(feed)?;
        let first = round.step * feed.batch + round.micro * feed.micro_batch;
        // Over the global batch, so that accumulation does not change the loss.
        let divisor = self.batches.supervised(feed, round.step * feed.batch, feed.batch)?;
        if self.progress.next.holds(feed, first, divisor) {
            std::mem::swap(&mut self.progress.micro, &mut self.progress.next);
        } else {
            self.progress.micro.fill(self.batches, feed, first, u64::MAX, divisor)?;
        }
        self.engine.run(program, &self.progress.micro.inputs())?;
        self.prepare(feed, first + feed.micro_batch);
        Ok(())
    }

    /// Reads the samples that come next while a GPU still works. If they cannot be read, whoever needs them says why.
    fn prepare(&mut self, feed: &Feed, first: u64) {
        let batch = first / feed.batch.max(1) * feed.batch;
        if let Ok(divisor) = self.batches.supervised(feed, batch, feed.batch) {
            let _ = self.progress.next.fill(self.batches, feed, first, u64::MAX, divisor);
        }
    }

    fn load(&mut self, from: &WeightSource) -> Result<(), Diagnostic> {
        match from {
            WeightSource::Stage(stage, which) => {
                let run = RunFolder::path_of(self.root, &self.state.experiment, stage)?;
                let checkpoint = Store::named(&run.join("checkpoints"), which)?;
                checkpoint.restore_weights(self.stage.stage(), &mut self.engine)
            }
            WeightSource::Folder(folder) => {
                exchange::import(self.stage.stage(), &mut self.engine, &self.root.join(folder))
            }
        }
    }

    fn set(&mut self, resident: &str, value: &HostValue, round: Option<Round>) -> Result<(), Diagnostic> {
        let step = round.map_or(self.state.step, |r| r.step);
        let number = match value {
            HostValue::Step => step as f64,
            HostValue::LearningRate(rate) => rate.at(step),
        };
        self.write_scalar(resident, number)
    }

    fn report(&mut self, metrics: &[Metric]) -> Result<(), Diagnostic> {
        let values = self.read(metrics, "")?;
        let seconds = if self.progress.timed { 0.0 } else { self.progress.pace.end_step() };
        self.progress.timed = true;
        self.record(None, &values, seconds)?;
        let (step, steps) = (self.progress.current, self.stage.steps());
        self.observer.step(&Step {
            step,
            steps,
            metrics: &values,
            tokens_per_second: self.progress.pace.tokens_per_second(self.stage.tokens_per_step()),
            seconds_left: self.progress.pace.seconds_for(steps.saturating_sub(step)),
        });
        Ok(())
    }

    /// Runs an evaluation and returns its seconds. Sums stay in the residents until they are read.
    fn evaluate(
        &mut self,
        name: &str,
        program: &str,
        feed: &str,
        batches: u64,
        counted: &mut Counted,
    ) -> Result<f64, Diagnostic> {
        let start = Instant::now();
        let feed = self.stage.feed(feed)?;
        let divisor = self.batches.supervised(feed, 0, feed.batch)?;
        for batch in 0..batches {
            let first = batch * feed.micro_batch;
            self.progress.micro.fill(self.batches, feed, first, feed.batch, divisor)?;
            let outputs = self.engine.run(program, &self.progress.micro.inputs())?;
            if let Some(numbers) = outputs.first() {
                counted.add(numbers, self.progress.micro.labels());
            }
            self.observer.evaluating(name, batch + 1, batches);
        }
        Ok(start.elapsed().as_secs_f64())
    }

    fn evaluated(
        &mut self,
        name: &str,
        values: &[(String, f64)],
        watch: Option<&Watch>,
        seconds: f64,
    ) -> Result<(), Diagnostic> {
        self.record(Some(name), values, seconds)?;
        let (mut best, mut patience) = (false, None);
        if let Some(watch) = watch
            && let Some((_, value)) = values.iter().find(|(metric, _)| *metric == watch.metric)
        {
            (best, patience) = self.judge(name, *value, watch);
        }
        let step = self.progress.current;
        self.observer.evaluated(&Evaluated { name, step, metrics: values, best, patience });
        if self.state.stopped {
            self.observer.stopping_early(step);
        }
        Ok(())
    }

    fn judge(&mut self, name: &str, value: f64, watch: &Watch) -> (bool, Option<(u64, u64)>) {
        let key = format!("{name}.{}", watch.metric);
        let mut watched = self.state.watched.remove(&key);
        let verdict = judge(&mut watched, value, watch);
        let since = watched.as_ref().map_or(0, |w| w.since);
        self.state.watched.extend(watched.map(|w| (key.clone(), w)));
        let step = self.progress.current;
        // Weights that no step has touched are not worth a checkpoint.
        if verdict.best && watch.keep_best && step > 0 {
            self.state.best = Some(Best { step, metric: key, value });
            self.progress.due = true;
        }
        self.state.stopped |= verdict.stop;
        (verdict.best, watch.patience.map(|allowed| (since, allowed)))
    }

    fn sample(&mut self, programs: Programs, prompt: &str, request: &Request) -> Result<(), Diagnostic> {
        let mut generator = Generator::new(self.stage.stage(), programs, &mut self.engine, self.tokenizer)?;
        let generated = generator.generate(request, &mut |_| ())?;
        drop(generator);
        let step = self.progress.current;
        self.observer.sample(step, prompt, &generated.text);
        self.recorder.text(step, &format!("{prompt}{}", generated.text))
    }

    fn is_due(&self, policy: &CheckpointPolicy) -> bool {
        match policy.every {
            Period::Steps(every) => self.progress.current.is_multiple_of(every.max(1)),
            Period::Seconds(every) => self.progress.last_save.elapsed().as_secs_f64() >= every,
        }
    }

    /// Writes a checkpoint of the current state.
    fn save(&mut self, finished: bool) -> Result<(), Diagnostic> {
        let start = Instant::now();
        let stage = self.stage.stage();
        if let Some(weight) = first_not_finite(stage, &self.engine)? {
            return Err(codes::not_finite_weight(&weight, self.state.step));
        }
        // First the metrics: a checkpoint must not count lines that a crash could take back.
        self.state.metrics_lines = self.recorder.sync()?;
        self.state.finished = finished;
        let snapshot = Snapshot { stage, residents: &self.engine, manifest: &self.state, texts: &self.texts };
        let saved = self.store.save(&snapshot, self.stage.keep())?;
        self.folder.note_saved()?;
        self.progress.due = false;
        self.progress.saved = Some(self.state.step);
        self.progress.last_save = Instant::now();
        let seconds = start.elapsed().as_secs_f64();
        if saved.written {
            self.observer.checkpoint(self.state.step, &saved.folder, saved.bytes, seconds);
        }
        Ok(())
    }

    fn record(
        &mut self,
        name: Option<&str>,
        values: &[(String, f64)],
        seconds: f64,
    ) -> Result<(), Diagnostic> {
        let step = self.progress.current;
        let tokens = step * self.stage.tokens_per_step();
        let evaluation = name.map(str::to_owned);
        self.recorder.write(&Line { step, tokens, evaluation, values: values.to_vec(), seconds })
    }

    /// Reads metrics and sets back those that are sums. One that is not finite ends the run.
    fn read(&mut self, metrics: &[Metric], evaluation: &str) -> Result<Vec<(String, f64)>, Diagnostic> {
        let mut values = Vec::with_capacity(metrics.len());
        for metric in metrics {
            let value = self.read_scalar(&metric.resident)?;
            if !value.is_finite() {
                let name = format!("{evaluation} {}", metric.name);
                let step = self.progress.current;
                return Err(codes::not_finite_metric(name.trim(), value, step, self.progress.saved));
            }
            if metric.reset {
                self.write_scalar(&metric.resident, 0.0)?;
            }
            values.push((metric.name.clone(), value));
        }
        Ok(values)
    }

    fn read_scalar(&self, name: &str) -> Result<f64, Diagnostic> {
        let id = self.stage.scalar(name)?;
        let dtype = self.stage.residents.get(id.index()).map(|r| r.ty.dtype);
        let bytes = self.engine.bytes(id)?;
        let value = dtype.and_then(|dtype| to_f64(dtype, &bytes).first().copied());
        value.ok_or_else(|| codes::plan_not_runnable(&self.stage.name, format!("`{name}` is empty")))
    }

    fn write_scalar(&mut self, name: &str, value: f64) -> Result<(), Diagnostic> {
        let id = self.stage.scalar(name)?;
        let dtype = self.stage.residents.get(id.index()).map(|r| r.ty.dtype);
        self.engine.fill(id, &mut |out| {
            if let Some(dtype) = dtype {
                write(dtype, value, out);
            }
            Ok(())
        })
    }
}
