//! Plans on a GPU, as fast as they go, and what another program needs to train the same. `cargo xtask gpu-bench` drives it.
//!
//! - `gpu speed PLAN.json STEPS`: optimizer steps of the plan's first stage on random tokens, other ones in every step, through the
//!   engine that `regimen run` uses. The loss is read after every step, as a run reads it. One line of JSON.
//! - `gpu operations PLAN.json`: milliseconds of each kind of operation in one micro-batch, walked instruction by instruction.
//! - `gpu times PLAN.json`: the same for every single instruction, a line of JSON each.
//! - `gpu dump PLAN.json ROOT STEPS FOLDER`: the weights after `initialise` (`weights.safetensors`, with the names of the exchange
//!   format, products as [out, in]) and the batches of the first steps (`batches.bin`: for each step the tokens, then the labels, as i64).

#![allow(clippy::result_large_err, clippy::cast_precision_loss, clippy::cast_possible_wrap)]

use regimen_base::Diagnostic;
use regimen_base::plan::{Plan, Stage};
use regimen_base::program::{Instruction, Program, ResidentId, Role, TensorId};
use regimen_base::schedule::Feed;
use regimen_base::tensor::DType;
use regimen_data::{NoProgress, Place, Row as SampleRow};
use regimen_runtime::run::{Batches, Engine, Gpu, HostSlice, Observe, Residents, Silent, prepare_data};
use safetensors::tensor::{Dtype, TensorView};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

type Outcome<T> = Result<T, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["speed", plan, steps] => number(steps).and_then(|steps| speed(&read(plan)?, steps)),
        ["operations", plan] => read(plan).and_then(|plan| operations(&plan)),
        ["times", plan] => read(plan).and_then(|plan| times(&plan)),
        ["dump", plan, root, steps, folder] => {
            number(steps).and_then(|steps| dump(&read(plan)?, Path::new(root), steps, Path::new(folder)))
        }
        // Under `cargo bench`: there is nothing to do without a plan.
        [] => {
            println!("skipped: run `cargo xtask gpu-bench`");
            Ok(())
        }
        _ => Err("usage: gpu speed PLAN STEPS | operations PLAN | times PLAN | dump PLAN ROOT STEPS FOLDER"
            .to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn number(text: &str) -> Outcome<u64> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

fn read(path: &str) -> Outcome<Plan> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
    Plan::from_json(&text)
}

fn first(plan: &Plan) -> Outcome<&Stage> {
    plan.content.stages.first().ok_or_else(|| "the plan has no stage".to_owned())
}

fn train(stage: &Stage) -> Outcome<&Feed> {
    stage
        .feeds
        .iter()
        .find(|feed| feed.name == "train")
        .ok_or_else(|| "the stage trains on nothing".to_owned())
}

fn said(diagnostic: Diagnostic) -> String {
    format!("{}: {}", diagnostic.code.0, diagnostic.title)
}

/// A stage that is trained step by step.
struct Training<'a> {
    stage: &'a Stage,
    feed: &'a Feed,
    engine: Gpu,
    random: u64,
}

impl Training<'_> {
    fn new(plan: &Plan, observe: Observe) -> Outcome<Training<'_>> {
        let stage = first(plan)?;
        let mut engine = Gpu::new(stage, observe).map_err(said)?;
        engine.run("initialise", &[]).map_err(said)?;
        Ok(Training { stage, feed: train(stage)?, engine, random: 1 })
    }

    fn resident(&self, name: &str) -> Outcome<ResidentId> {
        let at = self.stage.residents.iter().position(|resident| *resident.name == *name);
        let at = at.ok_or_else(|| format!("there is no resident {name}"))?;
        u32::try_from(at).map(ResidentId).map_err(|e| e.to_string())
    }

    fn set(&mut self, name: &str, bytes: &[u8]) -> Outcome<()> {
        let id = self.resident(name)?;
        let mut copy = |out: &mut [u8]| {
            out.copy_from_slice(bytes);
            Ok(())
        };
        self.engine.fill(id, &mut copy).map_err(said)
    }

    /// Ids below the tokenizer's vocabulary, without a pattern.
    fn ids(&mut self, n: u64) -> Vec<i64> {
        let below = self.stage.tokenizer.facts.vocab.min(self.stage.model.vocab).max(1);
        let mut next = || {
            self.random ^= self.random << 13;
            self.random ^= self.random >> 7;
            self.random ^= self.random << 17;
            (((self.random >> 32) * below) >> 32) as i64
        };
        (0..n).map(|_| next()).collect()
    }

    fn micro_step(&mut self, first: u64, [tokens, labels]: &[Vec<i64>; 2]) -> Outcome<()> {
        let (rows, length) = (self.feed.micro_batch, self.feed.sequence);
        let samples: Vec<i64> = (first as i64..(first + rows) as i64).collect();
        let divisor = [(self.feed.batch * length) as f32];
        let inputs = [
            ("tokens", HostSlice::I64(tokens)),
            ("labels", HostSlice::I64(labels)),
            ("samples", HostSlice::I64(&samples)),
            ("divisor", HostSlice::F32(&divisor)),
        ];
        self.engine.run("micro_step", &inputs).map_err(said).map(|_| ())
    }

    /// Tokens and labels of each micro-batch of a step.
    fn batch(&mut self) -> Vec<[Vec<i64>; 2]> {
        let n = self.feed.micro_batch * self.feed.sequence;
        (0..self.feed.batch / self.feed.micro_batch.max(1)).map(|_| [self.ids(n), self.ids(n)]).collect()
    }

    /// One optimizer step; returns its loss.
    fn step(&mut self, step: u64, batch: &[[Vec<i64>; 2]]) -> Outcome<f32> {
        self.set("step", &(step as i64).to_ne_bytes())?;
        self.set("learning_rate", &1e-4f32.to_ne_bytes())?;
        for (micro, ids) in (0..).zip(batch) {
            self.micro_step(step * self.feed.batch + micro * self.feed.micro_batch, ids)?;
        }
        self.engine.run("update", &[]).map_err(said)?;
        let loss = self.engine.bytes(self.resident("loss_sum")?).map_err(said)?.into_owned();
        self.set("loss_sum", &0f32.to_ne_bytes())?;
        loss.try_into().map(f32::from_ne_bytes).map_err(|_| "the loss is no f32".to_owned())
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

fn speed(plan: &Plan, steps: u64) -> Outcome<()> {
    let mut training = Training::new(plan, Observe::Peak)?;
    let (mut seconds, mut losses) = (vec![], vec![]);
    // The first steps compile, choose products and record graphs.
    let warm = 5;
    for step in 0..warm + steps {
        let batch = training.batch();
        let began = Instant::now();
        losses.push(training.step(step, &batch)?);
        if step >= warm {
            seconds.push(began.elapsed().as_secs_f64());
        }
    }
    let (stage, feed) = (training.stage, training.feed);
    let seconds = median(seconds);
    let requested = training.engine.measured_peak();
    let reserved = training.engine.cuda().reserved_peak()?;
    let predicted =
        plan.reports.iter().find(|report| report.stage == stage.name).map(|report| report.step_seconds);
    println!(
        "{}",
        serde_json::json!({
            "plan": &plan.hash, "batch": feed.batch, "micro_batch": feed.micro_batch, "context": feed.sequence,
            "parameters": stage.model.parameters, "step_ms": seconds * 1e3,
            "tokens_per_s": (feed.batch * feed.sequence) as f64 / seconds,
            "predicted_step_ms": predicted.map(|seconds| seconds * 1e3),
            "planned_bytes": stage.peak_bytes, "requested_bytes": requested, "reserved_bytes": reserved,
            "first_loss": losses.first(), "last_loss": losses.last(), "card": training.engine.cuda().card().name,
        })
    );
    Ok(())
}

/// Every instruction of one micro-batch and of the update, with its program and its mean seconds.
fn timed(plan: &Plan) -> Outcome<Vec<(&Program, &Instruction, f64)>> {
    let mut training = Training::new(plan, Observe::Times)?;
    // The first run of a program is not timed.
    for step in 0..6 {
        let batch = training.batch();
        training.step(step, &batch)?;
    }
    let mut all = vec![];
    for name in ["micro_step", "update"] {
        let (Some(program), Some(seconds)) =
            (training.stage.programs.get(name), training.engine.seconds(name))
        else {
            return Err(format!("`{name}` did not run"));
        };
        all.extend(program.instructions.iter().zip(seconds).map(|(i, seconds)| (program, i, seconds)));
    }
    Ok(all)
}

/// The types of some tensors, as shown.
fn types(program: &Program, ids: &[TensorId]) -> Vec<String> {
    ids.iter().filter_map(|id| program.tensors.get(id.index())).map(|tensor| tensor.ty.to_string()).collect()
}

/// Calls, seconds, FLOPs and bytes of one kind of instruction.
type Row = (u32, f64, u64, u64);

fn operations(plan: &Plan) -> Outcome<()> {
    let mut programs: BTreeMap<&str, BTreeMap<String, Row>> = BTreeMap::new();
    for (program, instruction, seconds) in timed(plan)? {
        let shape = types(program, &instruction.outputs).into_iter().next().unwrap_or_default();
        let rows = programs.entry(&program.name).or_default();
        let row = rows.entry(format!("{} {shape}", instruction.op)).or_default();
        *row = (row.0 + 1, row.1 + seconds, row.2 + instruction.flops, row.3 + instruction.bytes);
    }
    for (name, rows) in programs {
        let mut rows: Vec<_> = rows.into_iter().collect();
        rows.sort_by(|a, b| b.1.1.total_cmp(&a.1.1));
        println!("{name}: {:.3} ms", rows.iter().map(|(_, row)| row.1).sum::<f64>() * 1e3);
        for (what, (calls, seconds, flops, bytes)) in rows {
            println!(
                "{:9.3} ms {calls:4} × {what:64} {:7.1} TFLOP/s {:8.1} GB/s",
                seconds * 1e3,
                flops as f64 / seconds / 1e12,
                bytes as f64 / seconds / 1e9
            );
        }
    }
    Ok(())
}

fn times(plan: &Plan) -> Outcome<()> {
    for (program, instruction, seconds) in timed(plan)? {
        println!(
            "{}",
            serde_json::json!({
                "program": &program.name, "op": &instruction.op, "name": &instruction.name, "seconds": seconds,
                "flops": instruction.flops, "bytes": instruction.bytes, "attrs": &instruction.attrs,
                "inputs": types(program, &instruction.inputs), "outputs": types(program, &instruction.outputs),
            })
        );
    }
    Ok(())
}

fn dump(plan: &Plan, root: &Path, steps: u64, folder: &Path) -> Outcome<()> {
    let failed = |what: &str, e: &dyn std::fmt::Display| format!("{what}: {e}");
    std::fs::create_dir_all(folder).map_err(|e| failed("the folder", &e))?;
    let training = Training::new(plan, Observe::Peak)?;
    weights(&training, &folder.join("weights.safetensors"))?;
    let (stage, feed) = (training.stage, training.feed);
    let place = Place::new(root);
    let mut streams = prepare_data(stage, &place, &mut NoProgress, &mut Silent)
        .map_err(|list| list.into_iter().map(said).collect::<Vec<_>>().join("; "))?
        .streams;
    let file = std::fs::File::create(folder.join("batches.bin")).map_err(|e| failed("the batches", &e))?;
    let mut out = std::io::BufWriter::new(file);
    let n = usize::try_from(feed.sequence).map_err(|e| e.to_string())?;
    for step in 0..steps {
        let mut lists = [vec![], vec![]];
        for row in 0..feed.batch {
            let (mut tokens, mut labels) = (vec![0; n], vec![0; n]);
            let row_of = SampleRow {
                tokens: &mut tokens,
                labels: &mut labels,
                segments: &mut [],
                positions: &mut [],
                types: &mut [],
            };
            streams.sample(feed, step * feed.batch + row, row_of).map_err(said)?;
            lists[0].extend(tokens);
            lists[1].extend(labels);
        }
        for id in lists.iter().flatten() {
            out.write_all(&id.to_le_bytes()).map_err(|e| failed("the batches", &e))?;
        }
    }
    out.flush().map_err(|e| failed("the batches", &e))
}

/// Masters where there are any, else weights: f32, in our layout.
fn weights(training: &Training, path: &Path) -> Outcome<()> {
    let stage = training.stage;
    let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = vec![];
    for weight in &stage.model.exchange.tensors {
        let of = |role: Role| {
            let named =
                |name: &str| name == weight.ours || name.strip_suffix(".master") == Some(&weight.ours);
            stage.residents.iter().position(|resident| resident.role == role && named(&resident.name))
        };
        let at = of(Role::Master)
            .or_else(|| of(Role::Weight))
            .ok_or_else(|| format!("no weight {}", weight.ours))?;
        let resident = &stage.residents[at];
        if resident.ty.dtype != DType::F32 {
            return Err(format!("{} is not f32", resident.name));
        }
        let id = ResidentId(u32::try_from(at).map_err(|e| e.to_string())?);
        let bytes = training.engine.bytes(id).map_err(said)?.into_owned();
        let shape = resident.ty.shape.iter().filter_map(|n| usize::try_from(*n).ok()).collect();
        tensors.push((weight.theirs.clone(), shape, bytes));
    }
    let views: Result<Vec<(&str, TensorView)>, _> = tensors
        .iter()
        .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<_, safetensors::SafeTensorError>>();
    views.and_then(|views| safetensors::serialize_to_file(views, None, path)).map_err(|e| e.to_string())
}
