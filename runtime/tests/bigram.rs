//! A whole run on libtorch: data, training, evaluation, samples, checkpoints, resume, exchange.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "bigram/plan.rs"]
mod plan;

use regimen_base::Diagnostic;
use regimen_base::plan::Plan;
use regimen_base::program::ResidentId;
use regimen_data::{NoProgress, Place};
use regimen_runtime::checkpoint::{Checkpoint, locate};
use regimen_runtime::exchange::{Form, export, import};
use regimen_runtime::generate::{Generator, Programs, Request, Sampling, Stops};
use regimen_runtime::metrics::jsonl::without_time;
use regimen_runtime::run::{
    End, Interrupt, Job, Libtorch, Observe, Observer, Outcome, Residents, Start, Step, launch,
};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The allocator counts for the whole process, so that one run at a time can be measured.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

struct World {
    _root: tempfile::TempDir,
    place: Place,
    plan: Plan,
    _alone: MutexGuard<'static, ()>,
}

impl World {
    fn new() -> World {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let root = tempfile::tempdir().unwrap();
        let lines: Vec<String> = (0..300)
            .map(|i| format!("the {} cat number {i} sat on the {} mat", i % 7, i * 31 % 11))
            .collect();
        std::fs::write(root.path().join("a.txt"), lines.join("\n")).unwrap();
        let place = Place::new(root.path());
        let plan = plan::plan(&place);
        World { place, plan, _root: root, _alone: alone }
    }

    fn root(&self) -> &Path {
        &self.place.root
    }

    fn run(
        &self,
        start: Start,
        check: Observe,
        stop_after: Option<u64>,
    ) -> (Result<Outcome, Vec<Diagnostic>>, Told) {
        let interrupt = Interrupt::manual();
        let mut told = Told { stop_after, interrupt: interrupt.clone(), ..Told::default() };
        let job =
            Job { plan: &self.plan, stage: "pretrain", root: self.root(), start, interrupt: &interrupt };
        (launch(&job, &self.place, check, &mut NoProgress, &mut told), told)
    }

    fn run_folder(&self) -> PathBuf {
        self.root().join("runs/bigram/pretrain")
    }

    fn metrics(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.run_folder().join("metrics.jsonl")).unwrap();
        text.lines().map(|l| without_time(l).unwrap()).collect()
    }

    fn weights(&self) -> Vec<u8> {
        std::fs::read(locate(&self.run_folder()).unwrap().join("weights.safetensors")).unwrap()
    }
}

#[derive(Default)]
struct Told {
    samples: Vec<String>,
    stop_after: Option<u64>,
    interrupt: Interrupt,
}

impl Observer for Told {
    fn step(&mut self, step: &Step) {
        if Some(step.step) == self.stop_after {
            self.interrupt.ask();
        }
    }
    fn sample(&mut self, _: u64, _: &str, text: &str) {
        self.samples.push(text.to_owned());
    }
}

#[test]
fn it_learns_and_the_measured_peak_is_the_planned_one() {
    let world = World::new();
    let (outcome, told) = world.run(Start::New, Observe::Peak, None);
    let outcome = outcome.unwrap();
    assert_eq!((outcome.end, outcome.step), (End::Finished, plan::STEPS));
    assert_eq!(outcome.measured.measured_bytes, Some(outcome.measured.planned_bytes));
    assert_eq!(outcome.measured.planned_bytes, world.plan.content.stages[0].peak_bytes);
    assert!(outcome.problems.is_empty());
    let evaluations: Vec<f64> = world
        .metrics()
        .iter()
        .filter(|l| l.get("evaluation").is_some())
        .map(|l| l["loss"].as_f64().unwrap())
        .collect();
    assert_eq!(evaluations.len(), 4);
    assert!(evaluations[3] < evaluations[0] - 0.5, "{evaluations:?}");
    assert_eq!(told.samples.len(), 2);
    assert_ne!(told.samples[0], told.samples[1]);
}

#[test]
fn every_instruction_has_the_planned_bytes() {
    let world = World::new();
    let outcome = world.run(Start::New, Observe::EveryInstruction, None).0.unwrap();
    assert!(outcome.problems.is_empty());
}

#[test]
fn a_resumed_run_ends_in_the_same_bits() {
    let (expected, bits) = {
        let world = World::new();
        world.run(Start::New, Observe::Peak, None).0.unwrap();
        (world.metrics(), world.weights())
    };
    let world = World::new();
    for stop in [1, 9, 10, 26] {
        let start = if stop == 1 { Start::New } else { Start::Resume };
        let outcome = world.run(start, Observe::Peak, Some(stop)).0.unwrap();
        assert_eq!((outcome.end, outcome.step), (End::Interrupted, stop));
        assert!(outcome.problems.is_empty(), "{:?}", outcome.problems);
    }
    let outcome = world.run(Start::Resume, Observe::Peak, None).0.unwrap();
    assert_eq!(outcome.end, End::Finished);
    assert_eq!(world.metrics(), expected);
    assert_eq!(world.weights(), bits);
}

#[test]
fn a_checkpoint_folder_alone_generates_what_the_run_showed() {
    let world = World::new();
    let (_, told) = world.run(Start::New, Observe::Peak, None);
    // Moved elsewhere: nothing of the run or the data may be needed.
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = elsewhere.path().join("moved");
    std::fs::rename(locate(&world.run_folder()).unwrap(), &folder).unwrap();
    let checkpoint = Checkpoint::open(&folder).unwrap();
    let plan = checkpoint.plan().unwrap();
    let stage = &plan.content.stages[0];
    let tokenizer = regimen_data::tokenizer::open("letters", &folder, None).unwrap();
    let mut engine = Libtorch::new(stage, Observe::Peak).unwrap();
    checkpoint.restore_weights(stage, &mut engine).unwrap();
    let programs = Programs { prefill: "prefill", decode: "decode" };
    let mut generator = Generator::new(stage, programs, &mut engine, tokenizer.as_ref()).unwrap();
    let sampling = Sampling { temperature: 0.8, ..Sampling::GREEDY };
    let stops = Stops { tokens: vec![tokenizer.end_of_text()], texts: vec![] };
    let prompt = tokenizer.encode("the ").unwrap();
    let request = Request { prompt: &prompt, tokens: 30, sampling, stops: &stops, key: 2 };
    let generated = generator.generate(&request, &mut |_| ()).unwrap();
    assert_eq!(generated.text, told.samples[1]);
}

#[test]
fn changed_data_is_refused_before_a_step() {
    let world = World::new();
    std::fs::write(world.root().join("b.txt"), "one more line that changes everything").unwrap();
    let errors = world.run(Start::New, Observe::Peak, None).0.unwrap_err();
    assert_eq!(errors[0].code.0, "E0966");
    assert!(!world.run_folder().exists());
}

#[test]
fn exported_weights_come_back_to_the_same_bits() {
    let world = World::new();
    world.run(Start::New, Observe::Peak, None).0.unwrap();
    let checkpoint = Checkpoint::open(&world.run_folder()).unwrap();
    let target = world.root().join("exported");
    export(&checkpoint, &target, Form::default()).unwrap();
    let stage = &world.plan.content.stages[0];
    let mut there = Libtorch::new(stage, Observe::Peak).unwrap();
    checkpoint.restore_weights(stage, &mut there).unwrap();
    let mut back = Libtorch::new(stage, Observe::Peak).unwrap();
    import(stage, &mut back, &target).unwrap();
    let table = ResidentId(0);
    assert_eq!(there.bytes(table).unwrap(), back.bytes(table).unwrap());
    assert!(there.bytes(table).unwrap().iter().any(|b| *b != 0));
}
