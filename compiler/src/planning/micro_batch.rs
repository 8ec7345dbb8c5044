//! The micro-batch where the author leaves it open: the largest divisor of the batch that fits the device.
//!
//! The same instructions run for every size, and each tensor is either as large as the micro-batch or does not depend on it: so
//! the bytes alive at an instruction lie on a straight line. Two lowered programs give all of them, and the size
//! chosen is lowered and compared with what is allowed before it is believed.

use super::{allowed_bytes, upper_bound};
use crate::experiment::Stage;
use crate::graph::ShapeError;
use crate::stages::{Lowered, lower, probe, residents};
use regimen_base::program::{Program, Resident};
use std::sync::Arc;

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
    let alive = allowed.saturating_sub(stage.hardware.context_bytes);
    if let Some(size) = guess(stage, &residents, &sizes, alive)? {
        let lowered = lower(stage, seed, size, &residents)?;
        if upper_bound(stage, &lowered) <= allowed || size == smallest {
            return Ok(lowered);
        }
        end = sizes.partition_point(|other| *other < size);
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

/// The largest size that fits by the straight lines through two small ones; nothing if these are different programs.
fn guess(
    stage: &Stage,
    residents: &Arc<Vec<Resident>>,
    sizes: &[u64],
    allowed: u64,
) -> Result<Option<u64>, ShapeError> {
    let [first, second, .., largest] = sizes else { return Ok(sizes.last().copied()) };
    let Some(a) = probe(stage, *first, residents)? else { return Ok(None) };
    // Nothing grows faster than the micro-batch.
    if u128::from(a.peak_bytes) * u128::from(largest / first) <= u128::from(allowed) {
        return Ok(Some(*largest));
    }
    let Some(b) = probe(stage, *second, residents)? else { return Ok(None) };
    if !alike(&a, &b) {
        return Ok(None);
    }
    let peak = |size: u64| {
        let steps = i128::from(size - first);
        let at = |(a, b): (u64, u64)| {
            i128::from(a) + (i128::from(b) - i128::from(a)) * steps / i128::from(second - first)
        };
        let instructions = a.instructions.iter().zip(&b.instructions).map(|(a, b)| at((a.peak, b.peak)));
        instructions.max().unwrap_or(0)
    };
    let largest = sizes.iter().rev().copied().find(|size| peak(*size) <= i128::from(allowed));
    Ok(Some(largest.unwrap_or(*first)))
}

/// Whether two programs differ in the sizes of their tensors only.
fn alike(a: &Program, b: &Program) -> bool {
    a.instructions.len() == b.instructions.len()
        && a.instructions.iter().zip(&b.instructions).all(|(a, b)| {
            a.op == b.op && a.inputs == b.inputs && a.in_place == b.in_place && a.frees == b.frees
        })
}
