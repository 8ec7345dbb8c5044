//! Temporary memory of kernels on a GPU. On a CPU none has any.

use crate::graph::Traits;
use regimen_base::gpu;
use regimen_base::plan::Backend;
use regimen_base::tensor::{DType, TensorType};

/// Bytes of what a kernel computes with for tensors of this type: f64 for f64, f32 for the rest.
fn compute_bytes(ty: &TensorType) -> u64 {
    if ty.dtype == DType::F64 { 8 } else { 4 }
}

/// Partial sums over the rows of `x`, each of `columns`.
pub fn column_sums(x: &TensorType, columns: u64, device: &Traits) -> u64 {
    if device.backend == Backend::Cpu {
        return 0;
    }
    let columns = columns.max(1);
    gpu::stripes(x.elements() / columns, columns) * columns * compute_bytes(x)
}

/// Partial sums of a layer norm's gradient over the rows of `x`.
pub fn norm_sums(x: &TensorType, columns: u64, device: &Traits) -> u64 {
    if device.backend == Backend::Cpu {
        return 0;
    }
    let columns = columns.max(1);
    gpu::norm_stripes(x.elements() / columns, columns) * columns * compute_bytes(x)
}

/// One number for each row of a loss.
pub fn row_losses(logits: &TensorType, rows: u64, device: &Traits) -> u64 {
    if device.backend == Backend::Cpu { 0 } else { rows * compute_bytes(logits) }
}

/// One f64 for each chunk of a list of gradients.
pub fn chunk_sums(gradients: &[&TensorType], device: &Traits) -> u64 {
    match device.backend {
        Backend::Cpu => 0,
        Backend::Cuda => 8 * gpu::chunks(gradients.iter().map(|g| g.elements())),
    }
}
