//! Calibration: which programs are timed, and how speeds follow from the times.
//!
//! The programs are those of small experiments, written in the language like any other, so that what is measured is what
//! plans are made of. From the times of their instructions follow, in this order: the host's overhead per
//! instruction; the speed of matrix products by size; the speed of memory traffic by size; and for every operation
//! a factor by which it is slower than the roofline of these. No experiment of a user takes part.

use super::time::{Device, roofline_seconds};
use crate::experiment::{Efficiency, Hardware, Precision};
use regimen_base::program::Instruction;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Models from overhead-bound to compute-bound: layers, heads, hidden, context, micro-batch.
const SHAPES: [(u64, u64, u64, u64, u64); 5] =
    [(2, 2, 32, 32, 4), (2, 4, 96, 64, 8), (2, 4, 160, 96, 12), (2, 4, 256, 128, 16), (1, 8, 512, 256, 4)];

/// The experiments whose programs are timed, one per shape; `hardware` is a name of the catalogue.
pub fn experiments(hardware: &str, threads: Option<u64>) -> Vec<String> {
    let threads = threads.map_or(String::new(), |n| format!("threads = {n}"));
    let one = |(layers, heads, hidden, context, batch): (u64, u64, u64, u64, u64)| {
        format!(
            "experiment calibration {{ seed = 1 }}
hardware device : {hardware} {{ {threads} }}
tokenizer raw : bytes {{}}
data none : text {{ files = \"none.txt\", split = {{ train = 50%, validation = 50% }} }}
model m : gpt {{
  layers = {layers}, heads = {heads}, hidden = {hidden}, context = {context}, tokenizer = raw, dropout = 10%
}}
stage timed : causal_lm {{
  on = device, model = m, data = none, batch = {batch} sequences, micro_batch = {batch}, duration = 1 steps
  optimizer = adamw {{ lr = 1e-4, clip = 1.0 }}
  evaluate = {{ every = 1 steps, on = none.validation }}
}}
"
        )
    };
    SHAPES.into_iter().map(one).collect()
}

/// One instruction and the seconds that it took, a median over repetitions.
#[derive(Clone, Debug)]
pub struct Timed {
    /// The instruction.
    pub instruction: Instruction,
    /// Seconds, the host's overhead included.
    pub seconds: f64,
}

/// Speeds that explain the times.
pub fn fit(hardware: &Hardware, timed: &[Timed]) -> Efficiency {
    let overhead = overhead(timed);
    let net = |t: &Timed| (t.seconds - overhead).max(overhead * 0.05).max(1e-9);
    let products = timed.iter().filter(|t| t.instruction.op.starts_with("linear") && t.instruction.flops > 0);
    let matmul = speeds(products.map(|t| (t.instruction.flops as f64, net(t))));
    let copies = timed.iter().filter(|t| ["accumulate", "add", "zero"].contains(&&*t.instruction.op));
    let memory =
        speeds(copies.filter(|t| t.instruction.bytes > 0).map(|t| (t.instruction.bytes as f64, net(t))));
    let mut efficiency = Efficiency { calibrated: true, matmul, memory, overhead, factors: BTreeMap::new() };
    let fitted = Hardware { efficiency: efficiency.clone(), ..hardware.clone() };
    let device = Device::new(&fitted, Precision::F32);
    let mut sums: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for t in timed {
        let sum = sums.entry(&t.instruction.op).or_insert((0.0, 0.0));
        sum.0 += net(t);
        sum.1 += roofline_seconds(&t.instruction, &device);
    }
    for (op, (measured, predicted)) in sums {
        if predicted > 0.0 {
            efficiency.factors.insert(op.to_string(), measured / predicted);
        }
    }
    efficiency
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

/// Total work over total time in each power of four of the size.
fn speeds(samples: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut bins: BTreeMap<i64, (f64, f64, f64)> = BTreeMap::new();
    for (size, seconds) in samples {
        let bin = bins.entry((size.log2() / 2.0).floor() as i64).or_insert((0.0, 0.0, 0.0));
        *bin = (bin.0 + size, bin.1 + seconds, bin.2 + 1.0);
    }
    bins.into_values().map(|(size, seconds, n)| (size / n, size / seconds)).collect()
}

/// The speeds as the TOML that [`crate::hardware::calibration`] reads.
pub fn toml(efficiency: &Efficiency) -> String {
    let points = |list: &[(f64, f64)]| {
        list.iter().map(|(x, y)| format!("[{x:.1}, {y:.1}]")).collect::<Vec<_>>().join(", ")
    };
    let mut out =
        String::from("# Measured by `regimen calibrate`; points are [size of one operation, speed].\n");
    let _ = writeln!(out, "matmul = [{}]", points(&efficiency.matmul));
    let _ = writeln!(out, "memory = [{}]", points(&efficiency.memory));
    let _ = writeln!(out, "overhead = {:e}", efficiency.overhead);
    out.push_str("\n# Measured time over the roofline's, by operation.\n[factors]\n");
    for (op, factor) in &efficiency.factors {
        let _ = writeln!(out, "{op} = {factor:.4}");
    }
    out
}
