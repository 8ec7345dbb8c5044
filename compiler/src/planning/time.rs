//! Predicted time: for every instruction, its work over the speed that `regimen calibrate` measured for this operation at the sizes
//! nearest to its own, plus what every instruction costs.
//!
//! Without calibration, or for an operation that was not measured, an instruction takes as long as its products or its memory
//! traffic, whichever is longer, at typical shares of the data sheet's speeds, and the plan says so.

use crate::experiment::{Experiment, Hardware, Measured, Mode, Operations, Precision, Sizes, Stage};
use crate::stages::Lowered;
use regimen_base::plan::{Backend, Plan};
use regimen_base::program::{Attr, Instruction, Program, TensorId};
use regimen_base::schedule::Period;
use regimen_base::trace::Trace;
use std::collections::BTreeMap;

/// Seconds of the whole stage, of one optimizer step, and of the checkpoints.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Seconds {
    pub stage: f64,
    pub step: f64,
    pub checkpoints: Checkpoints,
}

/// What is written while a stage runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Checkpoints {
    /// How many, if each evaluation is better than the one before it.
    pub count: u64,
    /// Bytes of tensors in each.
    pub bytes: u64,
    /// Seconds of all.
    pub seconds: f64,
}

/// Predicts the time of a lowered stage.
pub fn predict(stage: &Stage, lowered: &Lowered) -> Seconds {
    let device = Device::new(stage);
    let seconds = |name: &str| lowered.programs.get(name).map_or(0.0, |p| program_seconds(p, &device));
    let step = lowered.accumulate as f64 * seconds("micro_step") + seconds("update");
    let computing: f64 = lowered.runs.iter().map(|(name, times)| *times as f64 * seconds(name)).sum();
    let bytes =
        lowered.residents.iter().filter(|r| r.saved).map(|r| r.ty.elements() * r.ty.dtype.size()).sum();
    let count = saves(stage, computing);
    let all = count as f64 * stage.hardware.efficiency.storage.seconds(bytes);
    Seconds { stage: computing + all, step, checkpoints: Checkpoints { count, bytes, seconds: all } }
}

/// Checkpoints of a stage that computes for so long: those of its policy, one for every evaluation that may be the best, and the last.
fn saves(stage: &Stage, computing: f64) -> u64 {
    let evaluated = stage.evaluate.as_ref().filter(|evaluate| evaluate.watch.keep_best);
    let evaluated = evaluated.map(|evaluate| evaluate.every.max(1));
    let evaluations = |every: u64| stage.steps.div_ceil(every);
    match stage.checkpoint.every {
        Period::Steps(every) => {
            let every = every.max(1);
            // The last step is one of both.
            let both = evaluated
                .map_or(0, |other| stage.steps / (every / divisor(every, other)).saturating_mul(other));
            let inner = stage.steps / every + evaluated.map_or(0, |other| stage.steps / other) - both;
            let last_is_one =
                [Some(every), evaluated].into_iter().flatten().any(|n| stage.steps.is_multiple_of(n));
            inner + u64::from(!last_is_one)
        }
        Period::Seconds(every) => {
            (computing / every.max(1e-9)).min(stage.steps as f64) as u64 + evaluated.map_or(1, evaluations)
        }
    }
}

/// The greatest common divisor of two numbers above zero.
fn divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// Adds the predicted timeline of an experiment's plan: one run of every program. `prefix` is put before the stages' names.
pub fn trace(experiment: &Experiment, plan: &Plan, prefix: &str, trace: &mut Trace) {
    for planned in &plan.content.stages {
        let Some(stage) = experiment.stages.iter().find(|stage| stage.name == planned.name) else { continue };
        let device = Device::new(stage);
        trace.stage(&format!("{prefix}{}", planned.name), planned, |program| {
            Some(program.instructions.iter().map(|i| instruction_seconds(program, i, &device)).collect())
        });
    }
}

/// Predicted seconds of one run of a program.
pub fn program_seconds(program: &Program, device: &Device) -> f64 {
    // Layers repeat: most instructions have a twin that takes the same time.
    let mut known: BTreeMap<&str, Vec<(&Instruction, Sizes, f64)>> = BTreeMap::new();
    let seconds = program.instructions.iter().map(|instruction| {
        let sizes = sizes(program, instruction);
        let twins = known.entry(&*instruction.op).or_default();
        let twin = twins.iter().find(|(other, same, _)| *same == sizes && same_kind(other, instruction));
        if let Some((_, _, seconds)) = twin {
            return *seconds;
        }
        let seconds = sized_seconds(instruction, &sizes, device);
        twins.push((instruction, sizes, seconds));
        seconds
    });
    seconds.sum()
}

/// A device computing in one way.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    hardware: &'a Hardware,
    mode: Mode,
}

impl Device<'_> {
    /// The device of a stage, as the stage computes.
    pub fn new(stage: &Stage) -> Device<'_> {
        let reproducible = stage.reproducible && stage.hardware.backend == Backend::Cuda;
        Device { hardware: &stage.hardware, mode: Mode { precision: stage.precision, reproducible } }
    }

    /// The same device where nothing has to repeat.
    pub fn not_repeating(self) -> Self {
        Device { mode: Mode { reproducible: false, ..self.mode }, ..self }
    }

    /// Data-sheet FLOP/s in a precision relative to f32.
    fn relative(&self, precision: Precision) -> f64 {
        match precision {
            Precision::F64 => 0.5,
            Precision::F32 => 1.0,
            Precision::Bf16 => {
                let f32 = self.hardware.flops_f32.max(1.0);
                self.hardware.flops_bf16.map_or(1.0, |bf16| bf16 / f32)
            }
        }
    }

    /// What was measured of an instruction's operation, and by what its speed is multiplied: computing in this way, or else in
    /// another and scaled as the data sheet has it.
    fn measured(&self, instruction: &Instruction) -> Option<(&[Measured], f64)> {
        let measured = &self.hardware.efficiency.measured;
        let of = |mode: Mode| measured.get(&mode).and_then(|samples| nearest_kind(samples, instruction));
        let plain = Mode { reproducible: false, ..self.mode };
        if let Some(samples) = of(self.mode).or_else(|| of(plain)) {
            return Some((samples, 1.0));
        }
        let others = Precision::ALL.into_iter().map(|precision| Mode { precision, ..plain });
        let (other, samples) = others.into_iter().find_map(|mode| Some((mode.precision, of(mode)?)))?;
        let scale = self.relative(self.mode.precision) / self.relative(other);
        Some((samples, if instruction.flops > 0 { scale } else { 1.0 }))
    }
}

/// The samples of the same kind, or of the same operation.
fn nearest_kind<'a>(samples: &'a Operations, instruction: &Instruction) -> Option<&'a [Measured]> {
    let op = &*instruction.op;
    let same = samples.get(&kind(instruction)).or_else(|| samples.get(op));
    let other = || {
        let from = samples.range(op.to_owned()..);
        from.take_while(|(name, _)| name.starts_with(op)).find(|(name, _)| name[op.len()..].starts_with(' '))
    };
    same.or_else(|| other().map(|(_, samples)| samples)).map(Vec::as_slice)
}

/// An operation with those of its attributes that choose a kernel: words, and what is switched on.
pub fn kind(instruction: &Instruction) -> String {
    let mut kind = instruction.op.to_string();
    for word in choosing(instruction) {
        kind.extend([" ", word]);
    }
    kind
}

/// Whether two instructions have the same [`kind`].
fn same_kind(a: &Instruction, b: &Instruction) -> bool {
    a.op == b.op && choosing(a).eq(choosing(b))
}

/// The attributes that choose a kernel.
fn choosing(instruction: &Instruction) -> impl Iterator<Item = &str> {
    instruction.attrs.iter().filter_map(|(name, value)| match value {
        Attr::Text(text) => Some(&**text),
        Attr::Bool(true) => Some(&**name),
        _ => None,
    })
}

/// Predicted seconds of one instruction.
pub fn instruction_seconds(program: &Program, instruction: &Instruction, device: &Device) -> f64 {
    sized_seconds(instruction, &sizes(program, instruction), device)
}

fn sized_seconds(instruction: &Instruction, sizes: &Sizes, device: &Device) -> f64 {
    let overhead = device.hardware.efficiency.overhead;
    let work = work(sizes);
    if work == 0.0 {
        // A view. On a CPU it takes the host's time; a GPU never hears of it.
        return if device.hardware.backend == Backend::Cuda { 0.0 } else { overhead };
    }
    let share = |sizes: &Sizes| match device.hardware.backend {
        Backend::Cpu => 1.0,
        Backend::Cuda => share_of_tiles(&instruction.op, sizes),
    };
    let typical = roofline_seconds(instruction, device);
    let measured = device.measured(instruction);
    let by_samples = measured.and_then(|(samples, scale)| {
        let seconds = work / (speed(samples, sizes, share)? * scale);
        Some(beyond(samples, work, seconds, typical).unwrap_or(seconds))
    });
    overhead + by_samples.unwrap_or(typical)
}

/// Seconds of an instruction with much more work than any sample, all of which did next to nothing: such samples say what the operation costs
/// however small it is, and nothing of its speed.
fn beyond(samples: &[Measured], work_here: f64, seconds: f64, typical: f64) -> Option<f64> {
    let largest = samples.iter().max_by(|a, b| work(&a.sizes).total_cmp(&work(&b.sizes)))?;
    let far = work_here > FAR * work(&largest.sizes) && seconds > FAR * typical;
    far.then_some(largest.seconds + typical)
}

/// How many times more is much more.
const FAR: f64 = 8.0;

/// What the speed of an instruction depends on.
pub fn sizes(program: &Program, instruction: &Instruction) -> Sizes {
    let shape = |id: Option<&TensorId>| {
        let tensor = id.and_then(|id| program.tensors.get(id.index()));
        tensor.map_or(&[][..], |tensor| &tensor.ty.shape)
    };
    let width = |id| shape(id).last().map_or(1.0, |n| *n as f64);
    let dimension = |id, axis: usize| shape(id).get(axis).map_or(1.0, |n| *n as f64);
    // Lists of tensors of any size have no width.
    let operands = if instruction.inputs.len() > MANY { &[][..] } else { &instruction.inputs[..] };
    let third = match &*instruction.op {
        // Heads are as wide in every operand; what tells attentions apart is how far each position looks.
        "attention" | "attention_grad" => dimension(operands.get(2), 1),
        _ => width(operands.get(2)),
    };
    let widths = [width(instruction.outputs.first()), width(operands.first()), width(operands.get(1)), third];
    Sizes { flops: instruction.flops as f64, bytes: instruction.bytes as f64, widths }
}

/// More operands than any operation on single tensors has.
const MANY: usize = 12;

/// What there is to do: FLOPs where there are any, else bytes.
pub fn work(sizes: &Sizes) -> f64 {
    if sizes.flops > 0.0 { sizes.flops } else { sizes.bytes }
}

/// FLOPs or bytes a second, between the samples of the nearest sizes, by their distance on logarithmic axes. `share` is how much of a
/// device's units an instruction of given sizes keeps busy: samples say how fast those are.
fn speed(samples: &[Measured], sizes: &Sizes, share: impl Fn(&Sizes) -> f64) -> Option<f64> {
    let place = sizes.place();
    let mut near: [Option<(f64, &Measured)>; NEAREST] = [None; NEAREST];
    for sample in samples {
        let this = (distance(&sample.place, &place), sample);
        let before = |other: &Option<(f64, &Measured)>| other.is_some_and(|(distance, _)| distance <= this.0);
        let rank = near.iter().take_while(|other| before(other)).count();
        if let Some(further) = near.get_mut(rank..).filter(|further| !further.is_empty()) {
            further.rotate_right(1);
            further[0] = Some(this);
        }
    }
    let weight = |distance: f64| 1.0 / (distance.powi(3) + 1e-4);
    let (mut all, mut sum) = (0.0, 0.0);
    for (distance, sample) in near.iter().flatten() {
        let speed = work(&sample.sizes) / (sample.seconds * share(&sample.sizes));
        all += weight(*distance);
        sum += weight(*distance) * speed.ln();
    }
    (all > 0.0).then(|| (sum / all).exp() * share(sizes))
}

/// Samples that a speed is taken from.
const NEAREST: usize = 3;

/// How much of the tiles that a GPU's product is cut into lies within its result: a width of 704 takes as long as one of 768.
fn share_of_tiles(op: &str, sizes: &Sizes) -> f64 {
    let [result, first, second, _] = sizes.widths;
    let filled = |width: f64| width / ((width / TILE).ceil().max(1.0) * TILE);
    match op {
        _ if op.starts_with("linear_grad_weight") => filled(first) * filled(second),
        _ if op.starts_with("linear") => filled(result),
        _ => 1.0,
    }
}

/// Columns of a tile of cuBLASLt's products on an H100: its other sizes are multiples of this one.
const TILE: f64 = 128.0;

fn distance(a: &[f64; 6], b: &[f64; 6]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

fn roofline_seconds(instruction: &Instruction, device: &Device) -> f64 {
    let efficiency = &device.hardware.efficiency;
    let (flops, bytes) = (instruction.flops as f64, instruction.bytes as f64);
    let relative = device.relative(device.mode.precision);
    let compute = match interpolate(&efficiency.matmul, flops) {
        Some(speed) => flops / (speed * relative),
        None => flops / (device.hardware.flops_f32 * relative).max(1.0),
    };
    let traffic = match interpolate(&efficiency.memory, bytes) {
        Some(speed) => bytes / speed,
        None => bytes / device.hardware.bandwidth.max(1.0),
    };
    compute.max(traffic)
}

/// The speed at a size, between measured points on a logarithmic axis; the nearest point beyond the ends.
fn interpolate(points: &[(f64, f64)], size: f64) -> Option<f64> {
    let (first, last) = (points.first()?, points.last()?);
    if size <= first.0 {
        return Some(first.1);
    }
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        if size <= x1 {
            let share = (size / x0).ln() / (x1 / x0).ln();
            return Some(y0 + (y1 - y0) * share);
        }
    }
    Some(last.1)
}

#[cfg(test)]
mod tests {
    use super::{beyond, divisor, interpolate, share_of_tiles, speed, work};
    use crate::experiment::{Measured, Sizes};

    #[test]
    fn samples_of_next_to_no_work_say_nothing_of_speed() {
        let sample =
            |bytes: f64, seconds: f64| Measured::new(Sizes { flops: 0.0, bytes, widths: [1.0; 4] }, seconds);
        // Four bytes in 5 µs: not a second for a megabyte.
        assert_eq!(beyond(&[sample(4.0, 5e-6)], 1e6, 1.25, 5e-5), Some(5.5e-5));
        // A fast kernel's samples are extrapolated as they are, and so are those of nearly its size.
        assert_eq!(beyond(&[sample(1e5, 1e-5)], 1e6, 1e-4, 5e-5), None);
        assert_eq!(beyond(&[sample(2e5, 1.0)], 1e6, 5.0, 5e-5), None);
    }

    #[test]
    fn the_greatest_common_divisor() {
        assert_eq!([divisor(12, 18), divisor(7, 1), divisor(5, 5)], [6, 1, 5]);
    }

    #[test]
    fn speeds_between_points_are_interpolated_and_ends_are_flat() {
        let points = [(1e3, 10.0), (1e5, 30.0)];
        assert_eq!(interpolate(&points, 1.0), Some(10.0));
        assert_eq!(interpolate(&points, 1e4), Some(20.0));
        assert_eq!(interpolate(&points, 1e9), Some(30.0));
        assert_eq!(interpolate(&[], 1.0), None);
    }

    #[test]
    fn a_sample_of_the_same_sizes_decides_and_widths_tell_samples_apart() {
        let sizes = |flops: f64, width: f64| Sizes { flops, bytes: 1e6, widths: [width, 64.0, 64.0, 1.0] };
        let sample = |flops, width, speed: f64| {
            let sizes = sizes(flops, width);
            Measured::new(sizes, work(&sizes) / speed)
        };
        let samples = [sample(1e9, 64.0, 10.0), sample(1e9, 4096.0, 40.0), sample(1e6, 64.0, 1.0)];
        let whole = |_: &Sizes| 1.0;
        let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 0.01, "{a} for {b}");
        near(speed(&samples, &sizes(1e9, 64.0), whole).unwrap(), 10.0);
        near(speed(&samples, &sizes(1e9, 4096.0), whole).unwrap(), 40.0);
        let between = speed(&samples, &sizes(1e9, 512.0), whole).unwrap();
        assert!(between > 15.0 && between < 25.0, "{between}");
        assert_eq!(speed(&[], &sizes(1e9, 64.0), whole), None);
    }

    #[test]
    fn a_result_that_ends_within_a_tile_takes_the_time_of_the_whole_tile() {
        let sizes = |width: f64| Sizes { flops: 1e9 * width, bytes: 1e6, widths: [width, 768.0, 768.0, 1.0] };
        let share = |sizes: &Sizes| share_of_tiles("linear_gelu", sizes);
        let sample = Measured::new(sizes(768.0), 1.0);
        let seconds = |width: f64| work(&sizes(width)) / speed(&[sample], &sizes(width), share).unwrap();
        assert!((seconds(704.0) - 1.0).abs() < 1e-9 && (seconds(768.0) - 1.0).abs() < 1e-9);
        assert!((seconds(1_536.0) - 2.0).abs() < 1e-9);
        // A weight's gradient is as wide as its weight, on both sides.
        assert_eq!(
            share_of_tiles(
                "linear_grad_weight_accumulate",
                &Sizes { widths: [1.0, 64.0, 192.0, 64.0], ..sizes(1.0) }
            ),
            0.375
        );
        assert_eq!(share_of_tiles("softmax", &sizes(704.0)), 1.0);
    }
}
