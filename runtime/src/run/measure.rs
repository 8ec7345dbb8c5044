//! What a run really took.

use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Instant;

/// What a process grows by besides its tensors, generously.
const RESIDENT_MARGIN: u64 = 16 << 20;

/// Numbers measured over one process's part of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Bytes alive at the peak as planned for the programs that ran.
    pub planned_bytes: u64,
    /// Bytes alive at the peak as the allocator counted them, where it does.
    pub measured_bytes: Option<u64>,
    /// Growth of the process's resident memory since before residents were allocated, to its highest point, where the
    /// system tells.
    pub resident_growth: Option<u64>,
    /// FLOPs that the plan's schedule asked of this process.
    pub planned_flops: f64,
    /// FLOPs of all programs that were executed, evaluations and samples included.
    pub measured_flops: f64,
    /// Seconds from the start of the stage to its end.
    pub seconds: f64,
    /// Steps that this process did.
    pub steps: u64,
    /// Tokens that this process trained on.
    pub tokens: u64,
}

impl Measured {
    /// How far growth of resident memory may be from the planned peak, in bytes: sizes are rounded up to pages, and small
    /// blocks, threads and buffers of checkpoints are the process's own.
    pub fn resident_margin(&self) -> u64 {
        self.planned_bytes / 50 + RESIDENT_MARGIN
    }
}

/// Bytes that processes may still take, where the system tells.
pub fn free_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Growth of the memory that belongs to this process alone. Pages of files (token files, code of libraries) come
/// and go as the system likes and are left out.
#[derive(Debug)]
pub struct ResidentMemory {
    before: Option<(u64, u64)>,
}

impl ResidentMemory {
    /// Starts measuring.
    pub fn start() -> ResidentMemory {
        // Forgets an earlier peak of the process, such as that of tokenising; needs no permission for oneself.
        let _ = std::fs::write(Path::new("/proc/self/clear_refs"), "5");
        ResidentMemory { before: status("VmRSS:").zip(status("RssFile:")) }
    }

    /// From the start to the highest point since then.
    pub fn growth(&self) -> Option<u64> {
        let (all, files) = self.before?;
        let grown = status("VmHWM:")?.saturating_sub(all);
        Some(grown.saturating_sub(status("RssFile:")?.saturating_sub(files)))
    }
}

/// A line of `/proc/self/status`, in bytes; Linux only.
fn status(key: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix(key))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Pace of the training.
#[derive(Debug)]
pub struct Pace {
    start: Instant,
    last: Instant,
    step_seconds: Option<f64>,
    steps: u64,
}

impl Pace {
    /// Starts before the first step.
    pub fn start() -> Pace {
        let now = Instant::now();
        Pace { start: now, last: now, step_seconds: None, steps: 0 }
    }

    /// Notes that a step begins, so that evaluations between steps do not count as training time.
    pub fn begin_step(&mut self) {
        self.last = Instant::now();
    }

    /// Notes that a step is done and returns its seconds.
    pub fn end_step(&mut self) -> f64 {
        let seconds = self.last.elapsed().as_secs_f64();
        // Averages over about the last twenty steps.
        let average = self.step_seconds.map_or(seconds, |old| old + (seconds - old) / 20.0);
        self.step_seconds = Some(average);
        self.steps += 1;
        seconds
    }

    /// Tokens per second.
    pub fn tokens_per_second(&self, tokens_per_step: u64) -> f64 {
        self.step_seconds.map_or(0.0, |s| tokens_per_step as f64 / s.max(f64::MIN_POSITIVE))
    }

    /// Seconds that so many further steps take at the pace so far, everything included.
    pub fn seconds_for(&self, steps: u64) -> f64 {
        self.start.elapsed().as_secs_f64() / self.steps.max(1) as f64 * steps as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn resident_growth_sees_touched_memory() {
        let memory = ResidentMemory::start();
        let block = std::hint::black_box(vec![1u8; 64 << 20]);
        let growth = memory.growth().unwrap();
        assert!(growth >= 48 << 20, "{growth} bytes after touching {}", block.len());
    }

    #[test]
    fn the_pace_scales_with_steps() {
        let mut pace = Pace::start();
        pace.begin_step();
        std::thread::sleep(std::time::Duration::from_millis(2));
        let seconds = pace.end_step();
        assert!(seconds >= 0.002);
        assert!(pace.tokens_per_second(1000) <= 500_000.0);
        assert!(pace.seconds_for(10) >= 0.02);
    }
}
