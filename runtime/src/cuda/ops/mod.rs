//! How instructions run on a GPU: one file for each file of kernels, and the vendor's products and attention.
//!
//! The executor allocates results as on a CPU. Temporary memory is asked for with [`Cuda::scratch`](super::Cuda::scratch), and the
//! operation's `workspace` in the compiler says how much.

mod attention;
mod cache;
mod copies;
mod elementwise;
mod heads;
mod losses;
mod norms;
mod optimizers;
mod products;
mod random;
mod rows;
mod sums;

use crate::ops::{self, Call, Lower};
use regimen_base::Diagnostic;
use tch::{Kind, Tensor};

/// All operations with a kernel of their own on a GPU.
pub const ALL: &[&[Lower]] = &[
    attention::ALL,
    cache::ALL,
    copies::ALL,
    elementwise::ALL,
    heads::ALL,
    losses::ALL,
    norms::ALL,
    optimizers::ALL,
    products::ALL,
    random::ALL,
    rows::ALL,
    sums::ALL,
];

/// The operation of this name. Views are the same everywhere.
pub fn lookup(name: &str) -> Option<&'static Lower> {
    let own = ALL.iter().flat_map(|file| file.iter()).find(|op| op.name == name);
    own.or_else(|| ops::lookup(name).filter(|op| op.views))
}

/// An operation that writes into results which the executor allocated.
const fn op(name: &'static str, lower: fn(&mut Call) -> Result<(), Diagnostic>) -> Lower {
    Lower { name, lower, views: false }
}

/// What a kernel's name ends with.
fn suffix(tensor: &Tensor) -> Result<&'static str, String> {
    match tensor.kind() {
        Kind::Float => Ok("f32"),
        Kind::BFloat16 => Ok("bf16"),
        Kind::Double => Ok("f64"),
        Kind::Int64 => Ok("i64"),
        other => Err(format!("no kernel works on {other:?}")),
    }
}

fn length(tensor: &Tensor) -> i64 {
    i64::try_from(tensor.numel()).unwrap_or(i64::MAX)
}

fn last(tensor: &Tensor) -> i64 {
    tensor.size().last().copied().unwrap_or(1)
}

fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Elements in 16 bytes.
fn lanes(tensor: &Tensor) -> i64 {
    16 / i64::try_from(tensor.kind().elt_size_in_bytes()).unwrap_or(16)
}

/// Bytes of what a kernel computes with for tensors of this type: f64 for f64, f32 for the rest.
fn compute_bytes(tensor: &Tensor) -> i64 {
    if tensor.kind() == Kind::Double { 8 } else { 4 }
}

/// Whether every operand begins at a multiple of 16 bytes.
fn aligned(tensors: &[&Tensor]) -> bool {
    tensors.iter().all(|tensor| (tensor.data_ptr() as usize).is_multiple_of(16))
}

/// Kernels walk elements in order: no gaps, no other order.
fn contiguous(cx: &Call, tensors: &[&Tensor]) -> Result<(), Diagnostic> {
    if tensors.iter().all(|tensor| tensor.is_contiguous()) {
        return Ok(());
    }
    Err(cx.malformed("has an operand that is not contiguous"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_runs_on_a_cpu_runs_on_a_gpu_but_communication_and_what_plans_refuse() {
        let missing: Vec<&str> =
            ops::ALL.iter().map(|op| op.name).filter(|name| lookup(name).is_none()).collect();
        assert_eq!(
            missing,
            [
                "all_reduce",
                "constant",
                "gelu_erf",
                "gelu_erf_grad",
                "relative_scores",
                "relative_scores_grad",
                "replace_tokens",
                "segment_softmax",
            ]
        );
    }
}
