//! A stage with hand-made programs, an engine that computes them on plain vectors, and an observer that
//! remembers. Training is a small momentum descent whose every number depends on samples, step and state,
//! so that anything repeated, left out or forgotten shows.

use super::batches::Batches;
use super::engine::{Engine, Fill, HostSlice, Residents};
use super::observer::{Evaluated, Observer, Started, Step};
use super::{Interrupt, Job, Outcome, Parts, Start, codes, run_stage};
use crate::checkpoint::testing::Memory;
use crate::metrics::jsonl::without_time;
use regimen_base::Diagnostic;
use regimen_base::plan::{Content, Plan, Stage};
use regimen_base::program::ResidentId;
use regimen_base::schedule::Feed;
use regimen_data::Row;
use regimen_data::tokenizer::Bytes;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::path::Path;

const W: usize = 0;
const GRAD: usize = 1;
const MOMENT: usize = 2;
const STEP: usize = 3;
const RATE: usize = 4;
const NORM: usize = 5;
const LOSS: usize = 6;
const EVAL_LOSS: usize = 7;

/// Twelve steps of batch 4 = 2 × 2, an evaluation every 3 steps, a checkpoint every 5, two kept.
pub fn stage() -> Stage {
    serde_json::from_value(json!({
        "name": "pretrain", "kind": "causal_lm",
        "model": {"name": "m", "architecture": "gpt", "parameters": 4, "context": 8, "vocab": 257,
            "exchange": {"config": {"n_layer": 1}, "tensors": [{"ours": "w", "theirs": "w", "transposed": false}]}},
        "target": {"hardware": "cpu", "backend": "cpu", "threads": 2},
        "mesh": {"axes": []},
        "tokenizer": {"tokenizer": {"name": "t", "type": "bytes"},
            "facts": {"vocab": 257, "end_of_text": 256, "content": "c", "certainty": "measured"}},
        "datasets": [],
        "feeds": [
            {"name": "train", "dataset": "d", "split": "train", "sequence": 8, "batch": 4, "micro_batch": 2, "shuffle": 7},
            {"name": "validation", "dataset": "d", "split": "validation", "sequence": 8, "batch": 5, "micro_batch": 2}],
        "residents": residents(), "programs": programs(), "schedule": schedule(), "peak_bytes": 700
    }))
    .unwrap()
}

fn residents() -> Value {
    let scalar = |name, dtype| json!({"name": name, "ty": {"dtype": dtype, "shape": []}, "role": "scalar", "saved": false});
    let vector = |name, role, saved| json!({"name": name, "ty": {"dtype": "f32", "shape": [4]}, "role": role, "of": 0, "saved": saved});
    json!([
        vector("w", "weight", true),
        vector("w.grad", "gradient", false),
        vector("w.m", "moment", true),
        scalar("step", "i64"),
        scalar("learning_rate", "f32"),
        scalar("grad_norm", "f32"),
        scalar("loss_sum", "f32"),
        scalar("eval_loss_sum", "f32"),
        json!({"name": "block.0.attn.keys", "ty": {"dtype": "f32", "shape": [1, 10, 1, 1]}, "role": "cache", "saved": false}),
    ])
}

fn programs() -> Value {
    let tensor = |dtype, shape: Value| json!({"name": "x", "ty": {"dtype": dtype, "shape": shape}, "storage": "input", "category": "inputs"});
    let program = |name: &str, peak, inputs: Value, tensors: Value, outputs: Value| {
        // So that a sum tells which programs ran how often.
        let flops = match name {
            "initialise" => 1,
            "micro_step" => 100,
            "update" => 10_000,
            "evaluate" => 1_000_000,
            "prefill" => 100_000_000,
            _ => 10_000_000_000u64,
        };
        json!({"name": name, "tensors": tensors, "inputs": inputs, "outputs": outputs, "instructions": [],
            "start_bytes": 0, "peak_bytes": peak, "peak_at": 0, "flops": flops, "bytes": 0})
    };
    let sources = ["tokens", "labels", "samples", "divisor"];
    let fed: Vec<Value> =
        sources.iter().enumerate().map(|(i, s)| json!({"tensor": i, "source": s})).collect();
    let fed_tensors = json!([
        tensor("i64", json!([2, 8])),
        tensor("i64", json!([2, 8])),
        tensor("i64", json!([2])),
        tensor("f32", json!([]))
    ]);
    let taken = json!([{"tensor": 0, "source": "tokens"}, {"tensor": 1, "source": "positions"}, {"tensor": 2, "source": "index"}]);
    let taken_tensors = json!([
        tensor("i64", json!([1, 4])),
        tensor("i64", json!([1, 4])),
        tensor("i64", json!([1])),
        tensor("f32", json!([1, 257]))
    ]);
    let asked = json!([{"tensor": 0, "source": "tokens"}, {"tensor": 1, "source": "positions"}]);
    let asked_tensors =
        json!([tensor("i64", json!([1, 1])), tensor("i64", json!([1, 1])), tensor("f32", json!([1, 257]))]);
    json!({
        "initialise": program("initialise", 100, json!([]), json!([]), json!([])),
        "micro_step": program("micro_step", 500, json!(fed), fed_tensors.clone(), json!([])),
        "update": program("update", 300, json!([]), json!([]), json!([])),
        "evaluate": program("evaluate", 200, json!(fed), fed_tensors, json!([])),
        "prefill": program("prefill", 700, taken, taken_tensors, json!([3])),
        "decode": program("decode", 600, asked, asked_tensors, json!([2])),
    })
}

fn schedule() -> Value {
    let metric = |name, resident, reset| json!({"name": name, "resident": resident, "reset": reset});
    let rate = json!({"learning_rate": {"decay": "cosine", "peak": 0.1, "floor": 0.01, "warmup": 2, "cooldown": 0, "steps": 12}});
    let sample = json!({"do": "sample", "prefill": "prefill", "program": "decode", "prompt": "a", "tokens": 3, "temperature": 0.0, "key": 1});
    json!([
        {"do": "fresh", "body": [{"do": "run", "program": "initialise"}, sample]},
        {"do": "repeat", "counter": "step", "times": 12, "body": [
            {"do": "set", "resident": "step", "value": "step"},
            {"do": "set", "resident": "learning_rate", "value": rate},
            {"do": "repeat", "counter": "micro_batch", "times": 2, "body": [
                {"do": "run", "program": "micro_step", "feed": "train"}]},
            {"do": "run", "program": "update"},
            {"do": "report", "metrics": [metric("loss", "loss_sum", true), metric("grad_norm", "grad_norm", true),
                metric("learning_rate", "learning_rate", false)]},
            {"do": "every", "every": 3, "last": true, "body": [
                {"do": "evaluate", "name": "validation", "program": "evaluate", "feed": "validation", "batches": 3,
                    "metrics": [metric("loss", "eval_loss_sum", true)],
                    "watch": {"metric": "loss", "goal": "minimise", "keep_best": true, "min_delta": 0.0}}]},
            {"do": "checkpoint", "policy": {"every": {"steps": 5}, "keep": 2}}]},
        sample,
        {"do": "finish"}
    ])
}

/// The engine.
pub struct Bench {
    pub memory: Memory,
    /// Fails as if the process died when so many programs have run.
    pub dies_after: Option<u64>,
    /// The loss of this step is not a number.
    pub not_a_number_at: Option<i64>,
    /// Added to the measured peak.
    pub excess: u64,
    /// Raised when so many programs have run.
    pub interrupts_after: Option<(u64, Interrupt)>,
    pub machine: &'static str,
    /// Slept in each program.
    pub pause: std::time::Duration,
    /// (program, first position, first token) of every run that generated text.
    pub asked: Vec<(String, i64, i64)>,
    /// The tokens in the cache.
    cache: Vec<i64>,
    runs: u64,
    peak: u64,
    stage: Stage,
}

impl Bench {
    pub fn new(stage: &Stage) -> Bench {
        Bench {
            memory: Memory::zeroed(stage),
            dies_after: None,
            not_a_number_at: None,
            excess: 0,
            interrupts_after: None,
            machine: "bench",
            pause: std::time::Duration::ZERO,
            asked: vec![],
            cache: vec![],
            runs: 0,
            peak: 0,
            stage: stage.clone(),
        }
    }

    fn floats(&self, index: usize) -> Vec<f32> {
        let bytes = self.memory.0[index].chunks_exact(4);
        bytes.map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
    }

    fn add(&mut self, index: usize, value: f32) {
        let old = self.floats(index)[0];
        self.memory.set_f32(index, &[old + value]);
    }

    fn step(&self) -> i64 {
        i64::from_le_bytes(self.memory.0[STEP].clone().try_into().unwrap())
    }

    /// Distance of the weights from a target that each row of tokens sets.
    fn loss(&mut self, batch: &Batch, sum: usize, train: bool) {
        let divisor = batch.divisor;
        for (row, &sample) in batch.samples.iter().enumerate() {
            let (tokens, labels) = (&batch.tokens[row * 8..][..8], &batch.labels[row * 8..][..8]);
            if labels.iter().all(|&l| l == -100) {
                continue;
            }
            let noise = if train { (sample * 13 + self.step() * 7) % 5 } else { 0 };
            let weights = self.floats(W);
            let mut gradient = self.floats(GRAD);
            for (i, w) in weights.iter().enumerate() {
                let target = (tokens[i] + labels[i + 4] + noise) as f32 / 257.0;
                self.add(sum, (w - target).powi(2) * 8.0 / divisor);
                gradient[i] += (w - target) * 8.0 / divisor;
            }
            if train {
                self.memory.set_f32(GRAD, &gradient);
            }
        }
    }

    /// Adds tokens to the cache and prefers what follows the one with this index, as the cache has it.
    fn extend(&mut self, program: &str, inputs: &[(&str, HostSlice)], index: i64) -> Vec<f64> {
        let (tokens, positions) = (integers(inputs, "tokens"), integers(inputs, "positions"));
        self.asked.push((program.to_owned(), positions[0], tokens[0]));
        self.cache.resize(10, 0);
        for (position, token) in positions.iter().zip(tokens) {
            self.cache[*position as usize] = *token;
        }
        logits(self.cache[positions[index as usize] as usize])
    }

    fn update(&mut self) {
        let (gradient, rate) = (self.floats(GRAD), self.floats(RATE)[0]);
        let moment: Vec<f32> = self.floats(MOMENT).iter().zip(&gradient).map(|(m, g)| 0.9 * m + g).collect();
        let weights: Vec<f32> = self.floats(W).iter().zip(&moment).map(|(w, m)| w - rate * m).collect();
        self.add(NORM, gradient.iter().map(|g| g * g).sum::<f32>().sqrt());
        self.memory.set_f32(W, &weights);
        self.memory.set_f32(MOMENT, &moment);
        self.memory.set_f32(GRAD, &[0.0; 4]);
        if self.not_a_number_at == Some(self.step()) {
            self.memory.set_f32(LOSS, &[f32::NAN]);
        }
    }
}

struct Batch<'a> {
    tokens: &'a [i64],
    labels: &'a [i64],
    samples: &'a [i64],
    divisor: f32,
}

fn integers<'a>(inputs: &'a [(&str, HostSlice<'a>)], source: &str) -> &'a [i64] {
    match inputs.iter().find(|(s, _)| *s == source) {
        Some((_, HostSlice::I64(numbers))) => numbers,
        _ => panic!("no {source}"),
    }
}

fn batch<'a>(inputs: &'a [(&str, HostSlice<'a>)]) -> Batch<'a> {
    let divisor = match inputs.iter().find(|(s, _)| *s == "divisor") {
        Some((_, HostSlice::F32(numbers))) => numbers[0],
        _ => panic!("no divisor"),
    };
    let of = |source| integers(inputs, source);
    Batch { tokens: of("tokens"), labels: of("labels"), samples: of("samples"), divisor }
}

/// Prefers the byte after the last one; after a tilde, the end of the text.
fn logits(last: i64) -> Vec<f64> {
    let next = if last == 126 { 256 } else { last + 1 };
    (0..257).map(|token: i64| -((token - next).abs() as f64)).collect()
}

impl Residents for Bench {
    fn bytes(&self, resident: ResidentId) -> Result<Cow<'_, [u8]>, Diagnostic> {
        self.memory.bytes(resident)
    }

    fn fill(&mut self, resident: ResidentId, fill: &mut Fill) -> Result<(), Diagnostic> {
        self.memory.fill(resident, fill)
    }
}

impl Engine for Bench {
    fn run(&mut self, program: &str, inputs: &[(&str, HostSlice)]) -> Result<Vec<Vec<f64>>, Diagnostic> {
        std::thread::sleep(self.pause);
        if self.dies_after == Some(self.runs) {
            return Err(codes::generation_failed("the bench was told to die"));
        }
        self.runs += 1;
        if let Some((after, interrupt)) = &self.interrupts_after
            && *after == self.runs
        {
            interrupt.ask();
        }
        self.peak = self.peak.max(self.stage.programs[program].peak_bytes);
        match program {
            "initialise" => self.memory.set_f32(W, &[0.5, -0.25, 2.0, 0.0]),
            "micro_step" => self.loss(&batch(inputs), LOSS, true),
            "update" => self.update(),
            "evaluate" => self.loss(&batch(inputs), EVAL_LOSS, false),
            "prefill" => return Ok(vec![self.extend(program, inputs, integers(inputs, "index")[0])]),
            "decode" => return Ok(vec![self.extend(program, inputs, 0)]),
            other => panic!("no program {other}"),
        }
        Ok(vec![])
    }

    fn release_caches(&mut self) {
        self.cache.clear();
    }

    fn measured_peak(&self) -> Option<u64> {
        Some(self.peak + self.excess)
    }

    fn resident_growth(&self) -> Option<u64> {
        None
    }

    fn machine(&self) -> String {
        self.machine.to_owned()
    }
}

/// Samples without files.
pub struct Numbers;

impl Batches for Numbers {
    fn sample(&mut self, feed: &Feed, index: u64, row: Row<'_>) -> Result<(), Diagnostic> {
        let token = |i: u64| {
            let mixed = (index * 31 + i + feed.name.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (mixed >> 32) as i64 % 257
        };
        for (i, (t, l)) in row.tokens.iter_mut().zip(row.labels).enumerate() {
            (*t, *l) = (token(i as u64), token(i as u64 + 1));
        }
        Ok(())
    }

    fn supervised(&mut self, feed: &Feed, _first: u64, count: u64) -> Result<u64, Diagnostic> {
        Ok(count * feed.sequence)
    }
}

/// Remembers what it was told.
#[derive(Debug, Default)]
pub struct Diary(pub Vec<String>);

impl Observer for Diary {
    fn started(&mut self, s: &Started) {
        self.0.push(format!("started at {:?}", s.resumed_at));
    }
    fn step(&mut self, s: &Step) {
        self.0.push(format!("step {}/{}", s.step, s.steps));
    }
    fn evaluated(&mut self, e: &Evaluated) {
        let best = if e.best { " best" } else { "" };
        self.0.push(format!("{} {}{best} {:?}", e.name, e.step, e.patience));
    }
    fn sample(&mut self, step: u64, prompt: &str, text: &str) {
        self.0.push(format!("sample {step} {prompt}|{text}"));
    }
    fn checkpoint(&mut self, step: u64, _: &Path, _: u64, _: f64) {
        self.0.push(format!("checkpoint {step}"));
    }
    fn stopping_early(&mut self, step: u64) {
        self.0.push(format!("stopping {step}"));
    }
    fn warning(&mut self, warning: &Diagnostic) {
        self.0.push(format!("warning {}", warning.code));
    }
}

/// Runs a stage on a bench.
pub fn run(
    root: &Path,
    stage: &Stage,
    bench: &mut Bench,
    start: Start,
    interrupt: &Interrupt,
) -> (Result<Outcome, Diagnostic>, Vec<String>) {
    let plan = Plan::new(Content { experiment: "e".into(), stages: vec![stage.clone()] }, vec![]).unwrap();
    let mut diary = Diary::default();
    let job = Job { plan: &plan, stage: "pretrain", root, start, interrupt };
    let parts =
        Parts { engine: bench, batches: &mut Numbers, tokenizer: &Bytes, chat: None, observer: &mut diary };
    (run_stage(&job, parts), diary.0)
}

/// Runs a stage to its end on a new bench.
pub fn run_whole(root: &Path, stage: &Stage, start: Start) -> Outcome {
    run(root, stage, &mut Bench::new(stage), start, &Interrupt::manual()).0.unwrap()
}

/// The metrics of a run without times.
pub fn metrics(root: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(root.join("runs/e/pretrain/metrics.jsonl")).unwrap();
    text.lines().map(|line| without_time(line).unwrap()).collect()
}

/// Bytes of the tensors of the last checkpoint.
pub fn last_tensors(root: &Path) -> (Vec<u8>, Vec<u8>) {
    let folder = crate::checkpoint::locate(&root.join("runs/e/pretrain")).unwrap();
    let read = |name| std::fs::read(folder.join(name)).unwrap();
    (read("weights.safetensors"), read("optimizer.safetensors"))
}
