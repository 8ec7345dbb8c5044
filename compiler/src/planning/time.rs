//! Predicted time: for every instruction, its work over the speed that `regimen calibrate` measured for this operation at this
//! size, plus the host's overhead.
//!
//! Without calibration, or for an operation that was not measured, an instruction takes as long as its products or its memory
//! traffic, whichever is longer, at typical shares of the data sheet's speeds, and the plan says so.

use crate::experiment::{Experiment, Hardware, Precision, Speeds, Stage};
use crate::stages::Lowered;
use regimen_base::plan::Plan;
use regimen_base::program::{Instruction, Program};
use regimen_base::trace::Trace;

/// Seconds of the whole stage, and of one optimizer step.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Seconds {
    pub stage: f64,
    pub step: f64,
}

/// Predicts the time of a lowered stage.
pub fn predict(stage: &Stage, lowered: &Lowered) -> Seconds {
    let device = Device::new(&stage.hardware, stage.precision);
    let seconds = |name: &str| lowered.programs.get(name).map_or(0.0, |p| program_seconds(p, &device));
    let step = lowered.accumulate as f64 * seconds("micro_step") + seconds("update");
    let stage = lowered.runs.iter().map(|(name, times)| *times as f64 * seconds(name)).sum();
    Seconds { stage, step }
}

/// The predicted timeline of an experiment's plan: one run of every program.
pub fn trace(experiment: &Experiment, plan: &Plan) -> Trace {
    let mut trace = Trace::default();
    for planned in &plan.content.stages {
        let Some(stage) = experiment.stages.iter().find(|stage| stage.name == planned.name) else { continue };
        let device = Device::new(&stage.hardware, stage.precision);
        trace.stage(planned, |program| {
            Some(program.instructions.iter().map(|i| instruction_seconds(i, &device)).collect())
        });
    }
    trace
}

/// Predicted seconds of one run of a program.
pub fn program_seconds(program: &Program, device: &Device) -> f64 {
    program.instructions.iter().map(|i| instruction_seconds(i, device)).sum()
}

/// A device computing in one precision.
#[derive(Clone, Debug)]
pub struct Device<'a> {
    hardware: &'a Hardware,
    precision: Precision,
}

impl Device<'_> {
    /// The device in a precision.
    pub fn new(hardware: &Hardware, precision: Precision) -> Device<'_> {
        Device { hardware, precision }
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

    /// What was measured of an operation: in this precision, or in another and scaled as the data sheet has it.
    fn measured(&self, op: &str, flops: bool) -> Option<(&Speeds, f64)> {
        let measured = &self.hardware.efficiency.measured;
        let of = |precision: Precision| measured.get(&precision).and_then(|operations| operations.get(op));
        if let Some(speeds) = of(self.precision) {
            return Some((speeds, 1.0));
        }
        let (other, speeds) = Precision::ALL.into_iter().find_map(|p| of(p).map(|speeds| (p, speeds)))?;
        let scale = if flops { self.relative(self.precision) / self.relative(other) } else { 1.0 };
        Some((speeds, scale))
    }
}

/// Predicted seconds of one instruction.
pub fn instruction_seconds(instruction: &Instruction, device: &Device) -> f64 {
    let overhead = device.hardware.efficiency.overhead;
    let work = work(instruction);
    if work == 0.0 {
        return overhead;
    }
    let measured = device.measured(&instruction.op, instruction.flops > 0);
    let speed = measured.and_then(|(speeds, scale)| Some(interpolate(speeds, work)? * scale));
    overhead + speed.map_or_else(|| roofline_seconds(instruction, device), |speed| work / speed)
}

/// What an instruction has to do: FLOPs where it has any, else bytes.
pub fn work(instruction: &Instruction) -> f64 {
    if instruction.flops > 0 { instruction.flops as f64 } else { instruction.bytes as f64 }
}

fn roofline_seconds(instruction: &Instruction, device: &Device) -> f64 {
    let efficiency = &device.hardware.efficiency;
    let (flops, bytes) = (instruction.flops as f64, instruction.bytes as f64);
    let relative = device.relative(device.precision);
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
    use super::interpolate;

    #[test]
    fn speeds_between_points_are_interpolated_and_ends_are_flat() {
        let points = [(1e3, 10.0), (1e5, 30.0)];
        assert_eq!(interpolate(&points, 1.0), Some(10.0));
        assert_eq!(interpolate(&points, 1e4), Some(20.0));
        assert_eq!(interpolate(&points, 1e9), Some(30.0));
        assert_eq!(interpolate(&[], 1.0), None);
    }
}
