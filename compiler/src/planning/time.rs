//! Predicted time: a roofline over the instruction list, with the speeds that `regimen calibrate` measured.
//!
//! An instruction takes as long as its products or its memory traffic, whichever is longer, times what was measured
//! for its operation, plus the host's overhead. Without calibration the catalogue's typical shares of the data
//! sheet's speeds apply, and the plan says so.

use crate::experiment::{Hardware, Precision, Stage};
use crate::stages::Lowered;
use regimen_base::program::{Instruction, Program};

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

/// Predicted seconds of one run of a program.
pub fn program_seconds(program: &Program, device: &Device) -> f64 {
    program.instructions.iter().map(|i| instruction_seconds(i, device)).sum()
}

/// Speeds of a device in one precision.
#[derive(Clone, Debug)]
pub struct Device<'a> {
    hardware: &'a Hardware,
    /// Data-sheet FLOP/s in this precision.
    peak: f64,
    /// Speed in this precision relative to the one that was calibrated (f32).
    relative: f64,
}

impl Device<'_> {
    /// The device's speeds in a precision.
    pub fn new(hardware: &Hardware, precision: Precision) -> Device<'_> {
        let peak = match precision {
            Precision::F64 => hardware.flops_f32 / 2.0,
            Precision::F32 => hardware.flops_f32,
            Precision::Bf16 => hardware.flops_bf16.unwrap_or(hardware.flops_f32),
        };
        Device { hardware, peak, relative: peak / hardware.flops_f32.max(1.0) }
    }
}

/// Predicted seconds of one instruction.
pub fn instruction_seconds(instruction: &Instruction, device: &Device) -> f64 {
    let efficiency = &device.hardware.efficiency;
    let factor = efficiency.factors.get(&*instruction.op).copied().unwrap_or(1.0);
    roofline_seconds(instruction, device) * factor + efficiency.overhead
}

/// The roofline alone: what calibration measures an operation's factor against.
pub fn roofline_seconds(instruction: &Instruction, device: &Device) -> f64 {
    let efficiency = &device.hardware.efficiency;
    let (flops, bytes) = (instruction.flops as f64, instruction.bytes as f64);
    let compute = match interpolate(&efficiency.matmul, flops) {
        Some(speed) => flops / (speed * device.relative),
        None => flops / device.peak.max(1.0),
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
