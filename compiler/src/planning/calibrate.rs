//! Calibration: which programs are timed, and how speeds follow from the times.
//!
//! The programs are those of small experiments, written in the language like any other, so that what is measured is what
//! plans are made of. From the times of their instructions follow the host's overhead per instruction, and for every operation
//! and precision its speed by size. No experiment of a user takes part.

use super::time::work;
use crate::experiment::{Efficiency, Precision, Speeds};
use regimen_base::plan::Backend;
use regimen_base::program::Instruction;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A model to be timed.
struct Shape {
    layers: u64,
    heads: u64,
    hidden: u64,
    context: u64,
    micro_batch: u64,
    vocab: u64,
    precision: Precision,
    dropout: &'static str,
}

const fn shape(sizes: [u64; 6], precision: Precision, dropout: &'static str) -> Shape {
    let [layers, heads, hidden, context, micro_batch, vocab] = sizes;
    Shape { layers, heads, hidden, context, micro_batch, vocab, precision, dropout }
}

/// Models from overhead-bound to compute-bound, with dropout, so that attention is composed in some and one operation in
/// others.
const CPU: [Shape; 8] = [
    shape([2, 2, 32, 32, 4, 257], Precision::F32, "0%"),
    shape([2, 2, 32, 32, 4, 257], Precision::F32, "10%"),
    shape([2, 4, 96, 64, 8, 257], Precision::F32, "0%"),
    shape([2, 4, 96, 64, 8, 257], Precision::F32, "10%"),
    shape([2, 4, 256, 128, 16, 257], Precision::F32, "0%"),
    shape([2, 4, 160, 96, 12, 257], Precision::F32, "10%"),
    shape([1, 8, 512, 256, 4, 2_048], Precision::F32, "0%"),
    shape([1, 4, 256, 128, 16, 2_048], Precision::F32, "10%"),
];

const CUDA: [Shape; 9] = [
    shape([2, 4, 256, 128, 8, 1_024], Precision::Bf16, "0%"),
    shape([2, 8, 512, 512, 8, 8_192], Precision::Bf16, "0%"),
    shape([2, 10, 640, 1_024, 16, 32_000], Precision::Bf16, "0%"),
    shape([2, 14, 896, 1_024, 40, 50_304], Precision::Bf16, "0%"),
    shape([2, 16, 2_048, 2_048, 8, 50_304], Precision::Bf16, "0%"),
    shape([2, 8, 512, 512, 8, 8_192], Precision::Bf16, "10%"),
    shape([2, 16, 1_024, 1_024, 8, 32_000], Precision::Bf16, "10%"),
    shape([2, 8, 512, 512, 8, 8_192], Precision::F32, "10%"),
    shape([2, 16, 1_024, 1_024, 8, 32_000], Precision::F32, "0%"),
];

/// The experiments whose programs are timed; `hardware` is a name of the catalogue.
pub fn experiments(hardware: &str, backend: Backend, threads: Option<u64>) -> Vec<(Precision, String)> {
    let threads = threads.map_or(String::new(), |n| format!("threads = {n}"));
    let shapes: &[Shape] = match backend {
        Backend::Cpu => &CPU,
        Backend::Cuda => &CUDA,
    };
    let one = |shape: &Shape| {
        let Shape { layers, heads, hidden, context, micro_batch, vocab, precision, dropout } = shape;
        let precision_name = precision.name();
        let text = format!(
            "experiment calibration {{ seed = 1 }}
hardware device : {hardware} {{ {threads} }}
tokenizer raw : bytes {{}}
data none : text {{ files = \"none.txt\", split = {{ train = 50%, validation = 50% }} }}
model m : gpt {{
  layers = {layers}, heads = {heads}, hidden = {hidden}, context = {context}, vocab = {vocab}, tokenizer = raw, dropout = {dropout}
}}
stage timed : causal_lm {{
  on = device, model = m, data = none, batch = {micro_batch} sequences, micro_batch = {micro_batch}, duration = 1 steps
  optimizer = adamw {{ lr = 1e-4, clip = 1.0 }}, precision = {precision_name}, reproducible = false
  evaluate = {{ every = 1 steps, on = none.validation }}
}}
"
        );
        (*precision, text)
    };
    shapes.iter().map(one).collect()
}

/// One instruction and the seconds that it took, a median over repetitions.
#[derive(Clone, Debug)]
pub struct Timed {
    /// The precision of its program.
    pub precision: Precision,
    /// The instruction.
    pub instruction: Instruction,
    /// Seconds, the host's overhead included.
    pub seconds: f64,
}

/// Speeds that explain the times.
pub fn fit(timed: &[Timed]) -> Efficiency {
    let overhead = overhead(timed);
    let mut samples: BTreeMap<(Precision, &str), Vec<(f64, f64)>> = BTreeMap::new();
    for t in timed.iter().filter(|t| work(&t.instruction) > 0.0) {
        let net = (t.seconds - overhead).max(overhead * 0.05).max(1e-9);
        samples.entry((t.precision, &t.instruction.op)).or_default().push((work(&t.instruction), net));
    }
    let mut measured: BTreeMap<Precision, BTreeMap<String, Speeds>> = BTreeMap::new();
    for ((precision, op), samples) in samples {
        measured.entry(precision).or_default().insert(op.to_string(), speeds(&samples));
    }
    Efficiency { calibrated: true, overhead, measured, matmul: vec![], memory: vec![] }
}

/// What an instruction costs the host: the time of those that do almost nothing.
fn overhead(timed: &[Timed]) -> f64 {
    let mut small: Vec<f64> = timed
        .iter()
        .filter(|t| t.instruction.flops == 0 && t.instruction.bytes < 4096)
        .map(|t| t.seconds)
        .collect();
    small.sort_by(f64::total_cmp);
    small.get(small.len() / 2).copied().unwrap_or(1e-6)
}

/// Total work over total time in each doubling of the work.
fn speeds(samples: &[(f64, f64)]) -> Speeds {
    let mut bins: BTreeMap<i64, (f64, f64, f64)> = BTreeMap::new();
    for (work, seconds) in samples {
        let bin = bins.entry(work.log2().floor() as i64).or_insert((0.0, 0.0, 0.0));
        *bin = (bin.0 + work, bin.1 + seconds, bin.2 + 1.0);
    }
    bins.into_values().map(|(work, seconds, n)| (work / n, work / seconds)).collect()
}

/// The speeds as the TOML that [`crate::hardware::calibration`] reads.
pub fn toml(efficiency: &Efficiency) -> String {
    let points =
        |list: &Speeds| list.iter().map(|(x, y)| format!("[{x:.1}, {y:.1}]")).collect::<Vec<_>>().join(", ");
    let mut out = String::from(
        "# Measured by `regimen calibrate`: for every operation points [FLOPs (bytes where it has none), the same per second].\n",
    );
    let _ = writeln!(out, "overhead = {:e}", efficiency.overhead);
    for (precision, operations) in &efficiency.measured {
        let _ = writeln!(out, "\n[{}]", precision.name());
        for (op, speeds) in operations {
            let _ = writeln!(out, "{op} = [{}]", points(speeds));
        }
    }
    out
}
