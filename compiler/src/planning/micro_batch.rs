//! The micro-batch where the author leaves it open: the largest divisor of the batch that fits the device.
//!
//! The same instructions run for every size, and each tensor is either as large as the micro-batch or does not depend on it: so
//! the bytes alive at an instruction lie on a straight line, and nothing beside the residents grows faster than the micro-batch. One small
//! program says what fits for sure; with the one that was lowered for that it gives the line, and the line says whether a larger one
//! fits. Whatever is chosen is lowered and compared with what is allowed before it is believed.

use super::{allowed_bytes, upper_bound};
use crate::experiment::Stage;
use crate::graph::ShapeError;
use crate::stages::{Lowered, lower, probe, residents};
use regimen_base::program::{Program, Resident};

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
    let residents = residents(stage)?;
    let smallest = sizes.first().copied().unwrap_or(1);
    let mut fits = smallest;
    // Sizes below this one are not known to fail.
    let mut end = sizes.len();
    if let Some(small) = probe(stage, smallest, &residents)? {
        let alive = allowed.saturating_sub(stage.hardware.context_bytes);
        let mut size = surely_fits(&small, &residents, &sizes, alive);
        // The second round is for what the line finds beyond the first.
        for _ in 0..2 {
            let lowered = lower(stage, seed, size, &residents)?;
            if upper_bound(stage, &lowered) > allowed {
                if size == smallest {
                    return Ok(lowered);
                }
                // Sizes from this one on are known to fail.
                end = sizes.partition_point(|other| *other < size);
                break;
            }
            let line = lowered.programs.get(&small.name).filter(|program| alike(&small, program));
            let more =
                line.and_then(|large| largest_on_line((smallest, &small), (size, large), &sizes, alive));
            match more.filter(|more| *more > size) {
                Some(more) => size = more,
                None => return Ok(lowered),
            }
        }
    }
    let mut begin = 1;
    while begin < end {
        let middle = begin + (end - begin) / 2;
        if upper_bound(stage, &lower(stage, seed, sizes[middle], &residents)?) <= allowed {
            fits = sizes[middle];
            begin = middle + 1;
        } else {
            end = middle;
        }
    }
    lower(stage, seed, fits, &residents)
}

/// The largest size that fits even if everything but the residents grows with it.
fn surely_fits(small: &Program, residents: &[Resident], sizes: &[u64], allowed: u64) -> u64 {
    let first = sizes.first().copied().unwrap_or(1);
    let fixed: u64 = residents.iter().map(|r| r.ty.elements() * r.ty.dtype.size()).sum();
    let grows = u128::from(small.peak_bytes.saturating_sub(fixed));
    let fits = |size: u64| u128::from(fixed) + grows * u128::from(size / first) <= u128::from(allowed);
    sizes.iter().rev().copied().find(|size| fits(*size)).unwrap_or(first)
}

/// The largest size that fits by the straight lines through two programs of different sizes.
fn largest_on_line(
    (first, small): (u64, &Program),
    (second, large): (u64, &Program),
    sizes: &[u64],
    allowed: u64,
) -> Option<u64> {
    if second == first {
        return sizes.get(1).copied();
    }
    let peak = |size: u64| {
        let steps = i128::from(size - first);
        let at = |(a, b): (u64, u64)| {
            i128::from(a) + (i128::from(b) - i128::from(a)) * steps / i128::from(second - first)
        };
        let instructions =
            small.instructions.iter().zip(&large.instructions).map(|(a, b)| at((a.peak, b.peak)));
        instructions.max().unwrap_or(0)
    };
    sizes.iter().rev().copied().find(|size| peak(*size) <= i128::from(allowed))
}

/// Whether two programs differ in the sizes of their tensors only.
fn alike(a: &Program, b: &Program) -> bool {
    a.instructions.len() == b.instructions.len()
        && a.instructions.iter().zip(&b.instructions).all(|(a, b)| {
            a.op == b.op && a.inputs == b.inputs && a.in_place == b.in_place && a.frees == b.frees
        })
}
