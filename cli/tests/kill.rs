//! `kill -9` at random instants of a real run: every resume goes on to the same bits.
#![cfg(all(feature = "libtorch", unix))]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use common::Bench;
use regimen_base::data::samples_per_epoch;
use regimen_base::plan::Plan;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

const RUN: &str = "runs/killed/pretrain";
/// Kills at random instants at least; more only until each phase was hit often enough.
const KILLS: usize = 50;
/// Kills at most: if a phase is still not covered then, the test has stopped testing it.
const MOST_KILLS: usize = 200;
/// Kills in the middle of a checkpoint, in the middle of an epoch, and while the program still starts.
const ENOUGH: usize = 4;
const SEED: u64 = 20_261_124;

#[test]
fn kill_minus_nine_at_fifty_instants_of_a_real_run_changes_no_bit() {
    let bench = Bench::new();
    bench.write("killed.exp", include_str!("common/killed.exp"));
    let line = |i: u32| format!("Line {i}: to be {}, or not to be {}.\n\n", i * i % 97, i * i * i % 89);
    bench.write("data/a.txt", (0..300).map(line).collect::<String>());
    let (start, length) = uninterrupted(&bench);
    let expected = result(&bench);
    assert!(expected.epochs > 4.0, "the run must cross ends of epochs: {} epochs", expected.epochs);
    restart(&bench);

    println!("seed {SEED}, a run of {length:?}");
    let mut random = Random(SEED);
    let mut hits = Hits::default();
    while hits.kills < KILLS || hits.kills < MOST_KILLS && !hits.enough() {
        let mut started = Started::new(&bench);
        // Every fifth dies wherever it is on the way to its first step; the others when they hold the run's folder.
        let starting = hits.kills % 5 == 4;
        if !starting {
            started.wait_for_folder(&bench);
        }
        let longest = if starting { start } else { length * 2 / KILLS as u32 };
        std::thread::sleep(longest.mul_f64(random.next()));
        let status = started.kill();
        if status.signal() == Some(9) {
            hits.note(&bench);
        } else {
            // It was faster; then it must have done everything.
            assert!(status.success(), "{}", bench.read("log"));
            assert_same(&bench, &expected);
            restart(&bench);
        }
    }
    println!("{hits:?}");
    assert!(
        hits.enough() && hits.positions.len() >= 10,
        "kills hit the same phases again and again: {hits:?}"
    );

    let said = bench.run(&["run", "killed.exp", "--resume"]);
    assert!(said.status == 0 && said.out.contains("goes on after step"), "{said:?}");
    assert_same(&bench, &expected);
}

/// What a finished run leaves that must not depend on its history.
struct Finished {
    /// Every line without its times.
    metrics: Vec<Value>,
    /// Every file with tensors of the last and the best checkpoint.
    tensors: BTreeMap<String, Vec<u8>>,
    /// What the last manifest says of position, best value and checksums.
    manifest: Value,
    epochs: f64,
}

fn result(bench: &Bench) -> Finished {
    let mut tensors = BTreeMap::new();
    for pointer in ["last", "best"] {
        for file in ["weights.safetensors", "optimizer.safetensors"] {
            let bytes = fs::read(bench.path(&checkpoint(bench, pointer)).join(file)).unwrap();
            tensors.insert(format!("{pointer}/{file}"), bytes);
        }
    }
    let manifest = manifest(bench, "last").unwrap();
    assert_eq!(manifest["finished"], true);
    let epochs = trained(&manifest) as f64 / epoch(bench) as f64;
    Finished { metrics: metrics(bench), tensors, manifest, epochs }
}

fn assert_same(bench: &Bench, expected: &Finished) {
    let found = result(bench);
    for (found, expected) in found.metrics.iter().zip(&expected.metrics) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.metrics.len(), expected.metrics.len());
    // Checksums first: they make the shorter message.
    assert_eq!(found.manifest, expected.manifest);
    assert!(found.tensors == expected.tensors, "tensors differ under the same checksums");
}

/// Numbers of JSON compare as the floats they are read into, so to the last bit.
fn metrics(bench: &Bench) -> Vec<Value> {
    let line = |line: &str| {
        let mut value: Value = serde_json::from_str(line).unwrap();
        value.as_object_mut().unwrap().remove("time").unwrap();
        value
    };
    bench.read(&format!("{RUN}/metrics.jsonl")).lines().map(line).collect()
}

/// The folder that `last` or `best` names.
fn checkpoint(bench: &Bench, pointer: &str) -> String {
    let folder = format!("{RUN}/checkpoints");
    format!("{folder}/{}", bench.read(&format!("{folder}/{pointer}")).trim())
}

fn manifest(bench: &Bench, pointer: &str) -> Option<Value> {
    if !bench.path(&format!("{RUN}/checkpoints/{pointer}")).is_file() {
        return None;
    }
    let text = bench.read(&format!("{}/manifest.json", checkpoint(bench, pointer)));
    let mut value: Value = serde_json::from_str(&text).unwrap();
    Some(value["manifest"].take())
}

/// Samples trained on.
fn trained(manifest: &Value) -> u64 {
    manifest["streams"]["train"].as_u64().unwrap()
}

/// Samples of one epoch.
fn epoch(bench: &Bench) -> u64 {
    let plan = Plan::from_json(&bench.read(&format!("{RUN}/plan.json"))).unwrap();
    let stage = &plan.content.stages[0];
    let split = stage.datasets[0].facts.splits.iter().find(|split| split.name == "train").unwrap();
    samples_per_epoch(split.tokens, stage.feeds[0].sequence)
}

/// Where kills hit, told from what they left behind.
#[derive(Debug, Default)]
struct Hits {
    kills: usize,
    before_the_first_checkpoint: usize,
    writing_a_checkpoint: usize,
    removing_a_checkpoint: usize,
    inside_an_epoch: usize,
    past_the_last_checkpoint: usize,
    /// Steps of the last checkpoint.
    positions: BTreeSet<u64>,
}

impl Hits {
    fn enough(&self) -> bool {
        self.writing_a_checkpoint.min(self.inside_an_epoch).min(self.past_the_last_checkpoint) >= ENOUGH
    }

    /// Looks at what a killed process left.
    fn note(&mut self, bench: &Bench) {
        self.kills += 1;
        let steps = temporaries(bench);
        let Some(last) = manifest(bench, "last") else {
            self.before_the_first_checkpoint += 1;
            self.writing_a_checkpoint += usize::from(!steps.is_empty());
            return;
        };
        let step = last["step"].as_u64().unwrap();
        self.writing_a_checkpoint += usize::from(steps.iter().any(|&aside| aside > step));
        self.removing_a_checkpoint += usize::from(steps.iter().any(|&aside| aside < step));
        self.inside_an_epoch += usize::from(!trained(&last).is_multiple_of(epoch(bench)));
        let lines = bench.read(&format!("{RUN}/metrics.jsonl")).lines().count() as u64;
        self.past_the_last_checkpoint += usize::from(lines > last["metrics_lines"].as_u64().unwrap());
        self.positions.insert(step);
    }
}

/// Steps whose checkpoints are being written or removed. Nothing may ever have to be set aside as damaged.
fn temporaries(bench: &Bench) -> Vec<u64> {
    let Ok(entries) = fs::read_dir(bench.path(&format!("{RUN}/checkpoints"))) else { return vec![] };
    let names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!names.iter().any(|name| name.starts_with("damaged")), "{names:?}");
    names.iter().filter_map(|name| name.strip_prefix(".tmp-step-")?.parse().ok()).collect()
}

/// A run that goes on from where the last one was killed.
struct Started(Child);

impl Started {
    fn new(bench: &Bench) -> Started {
        let log = || File::create(bench.path("log")).unwrap();
        let mut command = bench.command(&["run", "killed.exp", "--resume"]);
        Started(command.stdout(log()).stderr(log()).spawn().unwrap())
    }

    /// Waits until it has taken the run's folder: `regimen` becomes the engine, so it is the same process.
    fn wait_for_folder(&mut self, bench: &Bench) {
        let lock = bench.path(&format!("{RUN}/lock"));
        let holder = format!("{}\n", self.0.id());
        while fs::read_to_string(&lock).unwrap_or_default() != holder && self.0.try_wait().unwrap().is_none()
        {
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// Sends SIGKILL and tells how it ended.
    fn kill(&mut self) -> ExitStatus {
        self.0.kill().unwrap();
        self.0.wait().unwrap()
    }
}

/// Runs without being disturbed; tells how long it takes to get the folder, and how long it holds it.
fn uninterrupted(bench: &Bench) -> (Duration, Duration) {
    let began = Instant::now();
    let mut started = Started::new(bench);
    started.wait_for_folder(bench);
    let start = began.elapsed();
    assert!(started.0.wait().unwrap().success(), "{}", bench.read("log"));
    (start, began.elapsed() - start)
}

/// Forgets the run.
fn restart(bench: &Bench) {
    fs::remove_dir_all(bench.path("runs")).unwrap();
}

/// SplitMix64, as numbers below one.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}
