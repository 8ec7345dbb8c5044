//! Calibration: which programs are timed, and how speeds follow from the times.
//!
//! The programs are those of small experiments, written in the language like any other, so that what is measured is what
//! plans are made of. From the times of their instructions follow what every instruction costs, and the seconds of every operation at
//! the sizes that it has there. No experiment of a user takes part.

use super::time::{kind, sizes, work};
use crate::experiment::{Efficiency, Measured, Mode, Operations, Precision, Sizes, Storage};
use crate::hardware::CALIBRATION_VERSION;
use regimen_base::plan::Backend;
use regimen_base::program::Program;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Whose operations are timed: together these have all that any model has.
#[derive(Clone, Copy)]
enum Family {
    Gpt,
    Llama,
    Deberta,
}

/// A model to be timed.
struct Shape {
    family: Family,
    layers: u64,
    heads: u64,
    hidden: u64,
    context: u64,
    micro_batch: u64,
    vocab: u64,
    precision: Precision,
    dropout: &'static str,
    reproducible: bool,
}

const fn shape(sizes: [u64; 6], precision: Precision, dropout: &'static str) -> Shape {
    let [layers, heads, hidden, context, micro_batch, vocab] = sizes;
    let (family, reproducible) = (Family::Gpt, false);
    Shape { family, layers, heads, hidden, context, micro_batch, vocab, precision, dropout, reproducible }
}

const fn of(family: Family, shape: Shape) -> Shape {
    Shape { family, ..shape }
}

const fn reproducible(sizes: [u64; 6], precision: Precision) -> Shape {
    Shape { reproducible: true, ..shape(sizes, precision, "0%") }
}

/// Models from overhead-bound to compute-bound, with dropout, so that attention is composed in some and one operation in
/// others.
const CPU: [Shape; 12] = [
    shape([2, 2, 32, 32, 4, 257], Precision::F32, "0%"),
    shape([2, 2, 32, 32, 4, 257], Precision::F32, "10%"),
    shape([2, 4, 96, 64, 8, 257], Precision::F32, "0%"),
    shape([2, 4, 96, 64, 8, 257], Precision::F32, "10%"),
    shape([2, 4, 256, 128, 16, 257], Precision::F32, "0%"),
    shape([2, 4, 160, 96, 12, 257], Precision::F32, "10%"),
    shape([1, 8, 512, 256, 4, 2_048], Precision::F32, "0%"),
    shape([1, 4, 256, 128, 16, 2_048], Precision::F32, "10%"),
    of(Family::Llama, shape([2, 4, 96, 64, 8, 257], Precision::F32, "0%")),
    of(Family::Llama, shape([2, 8, 256, 128, 8, 2_048], Precision::F32, "0%")),
    of(Family::Deberta, shape([2, 4, 96, 32, 8, 258], Precision::F32, "10%")),
    of(Family::Deberta, shape([2, 4, 256, 128, 4, 2_048], Precision::F32, "0%")),
];

/// Widths, heads, contexts and batches as they occur, so that no plan is far from all of them. Those that must repeat come last:
/// libtorch's switch for that is the process's.
const CUDA: [Shape; 33] = [
    shape([2, 4, 256, 128, 8, 1_024], Precision::Bf16, "0%"),
    shape([2, 8, 512, 256, 160, 8_192], Precision::Bf16, "0%"),
    shape([2, 6, 384, 512, 32, 8_192], Precision::Bf16, "0%"),
    shape([2, 8, 512, 512, 8, 8_192], Precision::Bf16, "0%"),
    shape([2, 8, 512, 1_024, 32, 32_000], Precision::Bf16, "0%"),
    shape([2, 8, 512, 4_096, 4, 32_000], Precision::Bf16, "0%"),
    shape([2, 10, 640, 1_024, 16, 32_000], Precision::Bf16, "0%"),
    shape([2, 11, 704, 1_024, 32, 50_304], Precision::Bf16, "0%"),
    shape([2, 12, 768, 1_024, 4, 50_304], Precision::Bf16, "0%"),
    shape([2, 12, 768, 1_024, 8, 50_304], Precision::Bf16, "0%"),
    shape([2, 12, 768, 1_024, 48, 50_304], Precision::Bf16, "0%"),
    shape([2, 12, 768, 512, 128, 32_000], Precision::Bf16, "0%"),
    shape([2, 14, 896, 1_024, 40, 50_304], Precision::Bf16, "0%"),
    shape([2, 16, 1_024, 1_024, 12, 50_304], Precision::Bf16, "0%"),
    shape([2, 16, 1_024, 2_048, 16, 32_000], Precision::Bf16, "0%"),
    shape([2, 20, 1_280, 512, 32, 50_304], Precision::Bf16, "0%"),
    shape([2, 25, 1_600, 2_048, 4, 50_304], Precision::Bf16, "0%"),
    shape([2, 24, 1_536, 1_024, 4, 50_304], Precision::Bf16, "0%"),
    shape([2, 16, 2_048, 2_048, 8, 50_304], Precision::Bf16, "0%"),
    shape([2, 16, 2_048, 4_096, 2, 50_304], Precision::Bf16, "0%"),
    shape([2, 32, 2_048, 1_024, 6, 32_000], Precision::Bf16, "0%"),
    shape([1, 32, 4_096, 2_048, 4, 32_000], Precision::Bf16, "0%"),
    shape([2, 8, 512, 512, 8, 8_192], Precision::Bf16, "10%"),
    shape([2, 8, 512, 256, 128, 32_000], Precision::Bf16, "10%"),
    shape([2, 12, 768, 512, 16, 50_304], Precision::Bf16, "10%"),
    shape([2, 16, 1_024, 1_024, 8, 32_000], Precision::Bf16, "10%"),
    shape([2, 8, 512, 512, 8, 8_192], Precision::F32, "10%"),
    shape([2, 12, 768, 512, 16, 8_192], Precision::F32, "0%"),
    shape([2, 16, 1_024, 1_024, 8, 32_000], Precision::F32, "0%"),
    reproducible([2, 8, 512, 512, 8, 8_192], Precision::Bf16),
    reproducible([2, 12, 768, 1_024, 16, 50_304], Precision::Bf16),
    reproducible([2, 16, 2_048, 2_048, 4, 50_304], Precision::Bf16),
    reproducible([2, 16, 1_024, 1_024, 8, 32_000], Precision::F32),
];

/// The experiments whose programs are timed; `hardware` is a name of the catalogue.
pub fn experiments(hardware: &str, backend: Backend, threads: Option<u64>) -> Vec<(Mode, String)> {
    let threads = threads.map_or(String::new(), |n| format!("threads = {n}"));
    let shapes: &[Shape] = match backend {
        Backend::Cpu => &CPU,
        Backend::Cuda => &CUDA,
    };
    let one = |shape: &Shape| {
        let Shape {
            layers,
            heads,
            hidden,
            context,
            micro_batch,
            vocab,
            precision,
            dropout,
            reproducible,
            ..
        } = shape;
        let precision_name = precision.name();
        let (architecture, kind, rest) = match shape.family {
            Family::Gpt => ("gpt", "causal_lm", format!("dropout = {dropout}")),
            Family::Llama => {
                ("llama", "causal_lm", format!("kv_heads = {}, mlp = {}", heads / 2, 3 * hidden))
            }
            Family::Deberta => ("deberta", "masked_lm", format!("dropout = {dropout}")),
        };
        let text = format!(
            "experiment calibration {{ seed = 1 }}
hardware device : {hardware} {{ {threads} }}
tokenizer raw : bytes {{}}
data none : text {{ files = \"none.txt\", split = {{ train = 50%, validation = 50% }} }}
model m : {architecture} {{
  layers = {layers}, heads = {heads}, hidden = {hidden}, context = {context}, vocab = {vocab}, tokenizer = raw, {rest}
}}
stage timed : {kind} {{
  on = device, model = m, data = none, batch = {micro_batch} sequences, micro_batch = {micro_batch}, duration = 1 steps
  optimizer = adamw {{ lr = 1e-4, clip = 1.0 }}, precision = {precision_name}, reproducible = {reproducible}
  evaluate = {{ every = 1 steps, on = none.validation }}
}}
"
        );
        (Mode { precision: *precision, reproducible: *reproducible }, text)
    };
    shapes.iter().map(one).collect()
}

/// One program, timed.
#[derive(Clone, Debug)]
pub struct Timed {
    /// How its stage computes.
    pub mode: Mode,
    /// Kind, sizes and seconds of each instruction that does something, what every instruction costs included.
    pub instructions: Vec<(String, Measured)>,
    /// Seconds of the whole, where it runs as one, as a GPU's graph does.
    pub whole: Option<f64>,
}

impl Timed {
    /// From the seconds of each instruction, in order.
    pub fn new(mode: Mode, program: &Program, seconds: &[f64], whole: Option<f64>) -> Timed {
        let one = |(instruction, seconds): (_, &f64)| {
            (kind(instruction), Measured::new(sizes(program, instruction), *seconds))
        };
        let all = program.instructions.iter().zip(seconds).map(one);
        Timed { mode, instructions: all.filter(|(_, sample)| work(&sample.sizes) > 0.0).collect(), whole }
    }
}

/// Samples that explain the times; `storage` is what checkpoints were seen to cost.
pub fn fit(timed: &[Timed], storage: Storage) -> Efficiency {
    let single = smallest(timed);
    let net = |sample: &Measured| (sample.seconds - single).max(single * 0.05).max(1e-9);
    // What an instruction costs beside others, where a program as a whole was timed.
    let beside = |program: &Timed| {
        let work: f64 = program.instructions.iter().map(|(_, sample)| net(sample)).sum();
        (program.instructions.len() >= ENOUGH)
            .then_some((program.whole? - work) / program.instructions.len() as f64)
    };
    let overhead = median(timed.iter().filter_map(beside).collect()).map_or(single, |cost| cost.max(0.0));
    // Layers have the same sizes: their mean counts, as it does in a plan.
    let mut sums: BTreeMap<(Mode, &str), Vec<(Measured, f64)>> = BTreeMap::new();
    for program in timed {
        for (kind, sample) in &program.instructions {
            let known = sums.entry((program.mode, kind)).or_default();
            let seconds = net(sample);
            match known.iter_mut().find(|(known, _)| known.sizes == sample.sizes) {
                Some((sum, times)) => (sum.seconds, *times) = (sum.seconds + seconds, *times + 1.0),
                None => known.push((Measured { seconds, ..*sample }, 1.0)),
            }
        }
    }
    let mut measured: BTreeMap<Mode, Operations> = BTreeMap::new();
    for ((mode, kind), sums) in sums {
        let means = sums.into_iter().map(|(sum, times)| Measured { seconds: sum.seconds / times, ..sum });
        measured.entry(mode).or_default().insert(kind.to_owned(), means.collect());
    }
    Efficiency { calibrated: true, overhead, measured, matmul: vec![], memory: vec![], storage }
}

/// Instructions that a program must have for the cost of one to be seen in its time.
const ENOUGH: usize = 20;

/// What an instruction costs by itself: the time of those that do almost nothing.
fn smallest(timed: &[Timed]) -> f64 {
    let all = timed.iter().flat_map(|program| &program.instructions).map(|(_, sample)| sample);
    let small = all.filter(|sample| sample.sizes.flops == 0.0 && sample.sizes.bytes < 4096.0);
    median(small.map(|sample| sample.seconds).collect()).unwrap_or(1e-6)
}

fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}

/// The samples as the TOML that [`crate::hardware::calibration`] reads. Each operation is one text, because numbers of TOML take longer to
/// read than everything else about an experiment.
pub fn toml(efficiency: &Efficiency) -> String {
    let mut out = String::from(
        "# Measured by `regimen calibrate`. A line is an instruction that was timed: FLOPs, bytes, last dimensions of its first result and\n\
         # of three operands (of attention, the context in place of the third's), and seconds.\n",
    );
    let _ = writeln!(out, "version = {CALIBRATION_VERSION}");
    let _ = writeln!(out, "overhead = {:e}", efficiency.overhead);
    let Storage { seconds, bandwidth } = efficiency.storage;
    let _ = writeln!(
        out,
        "# Seconds of a checkpoint, and bytes a second.\nstorage = [{seconds:.4e}, {bandwidth:.4e}]"
    );
    for (mode, operations) in &efficiency.measured {
        let _ = writeln!(out, "\n[{}]", mode.name());
        for (kind, samples) in operations {
            let lines: String = samples.iter().map(line).collect();
            let _ = writeln!(out, "\"{kind}\" = \"\"\"\n{lines}\"\"\"");
        }
    }
    out
}

fn line(sample: &Measured) -> String {
    let Sizes { flops, bytes, widths: [a, b, c, d] } = sample.sizes;
    format!("{flops} {bytes} {a} {b} {c} {d} {:.4e}\n", sample.seconds)
}

#[cfg(test)]
mod tests {
    use super::{Timed, fit};
    use crate::experiment::{Measured, Mode, Precision, Sizes, Storage};

    #[test]
    fn instructions_of_the_same_sizes_count_by_their_mean() {
        let mode = Mode { precision: Precision::F32, reproducible: false };
        let sizes = Sizes { flops: 0.0, bytes: 1e6, widths: [8.0; 4] };
        let one = |seconds: f64| ("add".to_owned(), Measured::new(sizes, seconds));
        let tiny = ("fill".to_owned(), Measured::new(Sizes { bytes: 4.0, ..sizes }, 1.0));
        let instructions = vec![tiny, one(11.0), one(3.0), one(4.0)];
        let found = fit(&[Timed { mode, instructions, whole: None }], Storage::TYPICAL);
        assert_eq!((found.overhead, found.measured[&mode]["add"].len()), (1.0, 1));
        assert!((found.measured[&mode]["add"][0].seconds - 5.0).abs() < 1e-12);
    }
}
