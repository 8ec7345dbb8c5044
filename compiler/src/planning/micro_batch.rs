//! The micro-batch where the author leaves it open: the largest divisor of the batch that fits the device.
//!
//! The same instructions run for every size, and each tensor is either as large as the micro-batch or does not depend on it: so
//! the bytes alive at an instruction lie on a straight line. The training program of the whole batch says whether that fits, and about
//! what does; with a second one the line is known. Whatever is chosen is lowered and compared with what is allowed before it is
//! believed.

use super::{allowed_bytes, upper_bound};
use crate::experiment::Stage;
use crate::graph::ShapeError;
use crate::stages::{Lowered, begin, lower_over, lower_with};
use regimen_base::program::{Program, Resident, Role};

/// Divisors of a number, smallest first.
pub fn divisors(n: u64) -> Vec<u64> {
    let small: Vec<u64> = (1..).take_while(|d| d * d <= n).filter(|d| n.is_multiple_of(*d)).collect();
    let large: Vec<u64> = small.iter().rev().map(|d| n / d).filter(|l| l * l != n).collect();
    small.into_iter().chain(large).collect()
}

/// The stage with the largest divisor of the batch whose plan fits. If none fits, with the smallest, for the message that
/// follows.
///
/// # Errors
/// If the tensors of the model do not fit each other.
pub fn largest_that_fits(stage: &Stage, seed: u64) -> Result<Lowered, ShapeError> {
    let sizes = divisors(stage.batch);
    let allowed = allowed_bytes(stage);
    let alive = allowed.saturating_sub(stage.hardware.context_bytes);
    let (smallest, largest) = (sizes.first().copied().unwrap_or(1), sizes.last().copied().unwrap_or(1));
    let mut fits = smallest;
    // Sizes from this one on are known to fail.
    let mut end = sizes.len();
    let fails = |size: u64| sizes.partition_point(|other| *other < size);
    let (fixed, whole) = begin(stage, seed, largest)?;
    let mut whole = Some(whole);
    if let Some(probed) = whole.take_if(|whole| whole.micro_step.peak_bytes <= alive) {
        let lowered = lower_with(stage, seed, &fixed, probed)?;
        if largest == smallest || upper_bound(stage, &lowered) <= allowed {
            return Ok(lowered);
        }
        end = fails(largest);
    }
    let whole = whole.map(|whole| whole.micro_step);
    let mut next = whole.as_ref().map(|whole| about(whole, &fixed.residents, &sizes, alive));
    // The second round is for what the line says otherwise than the estimate.
    for _ in 0..2 {
        let (Some(size), Some(whole)) = (next, &whole) else { break };
        let lowered = lower_over(stage, seed, size, &fixed)?;
        let good = upper_bound(stage, &lowered) <= allowed;
        let part = lowered.programs.get(&whole.name).filter(|part| alike(part, whole));
        let best = part.and_then(|part| largest_on_line((size, part), (largest, whole), &sizes, alive));
        next = best.filter(|best| if good { *best > size } else { *best < size });
        if next.is_none() && (good || size == smallest) {
            return Ok(lowered);
        }
        end = if good { end } else { fails(size) };
    }
    let mut begin = 1;
    while begin < end {
        let middle = begin + (end - begin) / 2;
        if upper_bound(stage, &lower_over(stage, seed, sizes[middle], &fixed)?) <= allowed {
            fits = sizes[middle];
            begin = middle + 1;
        } else {
            end = middle;
        }
    }
    lower_over(stage, seed, fits, &fixed)
}

/// The largest size that fits if everything but the residents grows with it.
fn about(whole: &Program, residents: &[Resident], sizes: &[u64], allowed: u64) -> u64 {
    let (first, last) = (sizes.first().copied().unwrap_or(1), sizes.last().copied().unwrap_or(1));
    let fixed: u64 =
        residents.iter().filter(|r| r.role != Role::Cache).map(|r| r.ty.elements() * r.ty.dtype.size()).sum();
    let grows = u128::from(whole.peak_bytes.saturating_sub(fixed));
    let fits =
        |size: u64| u128::from(fixed) + grows * u128::from(size) / u128::from(last) <= u128::from(allowed);
    sizes.iter().rev().copied().find(|size| fits(*size)).unwrap_or(first)
}

/// The largest size that fits by the straight lines through two programs of different sizes; the smallest if none does.
fn largest_on_line(
    (first, small): (u64, &Program),
    (second, large): (u64, &Program),
    sizes: &[u64],
    allowed: u64,
) -> Option<u64> {
    let (from, to) = (i128::from(first), i128::from(second));
    if from == to {
        return None;
    }
    let peak = |size: u64| {
        let at = |(a, b): (u64, u64)| {
            let (a, b) = (i128::from(a), i128::from(b));
            a + (b - a) * (i128::from(size) - from) / (to - from)
        };
        let both = small.instructions.iter().zip(&large.instructions);
        both.map(|(a, b)| at((a.peak, b.peak))).max().unwrap_or(0)
    };
    let fitting = sizes.iter().rev().copied().find(|size| peak(*size) <= i128::from(allowed));
    fitting.or(sizes.first().copied())
}

/// Whether two programs differ in the sizes of their tensors only.
fn alike(a: &Program, b: &Program) -> bool {
    a.instructions.len() == b.instructions.len()
        && a.instructions.iter().zip(&b.instructions).all(|(a, b)| {
            a.op == b.op && a.inputs == b.inputs && a.in_place == b.in_place && a.frees == b.frees
        })
}
