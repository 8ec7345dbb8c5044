//! What only a GPU can show. `cargo xtask gpu-test` runs these; elsewhere they are skipped.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests fail by panicking, as tests do

#[allow(clippy::result_large_err)]
#[path = "../common/mod.rs"]
mod common;
mod encoders;
mod fused;
mod generation;
mod memory;
mod numerics;
mod operations;
#[allow(dead_code)]
#[path = "../trainer/mod.rs"]
mod trainer;

use regimen_base::plan::Backend;
use regimen_compiler::arch::ModelSpec;
use regimen_compiler::experiment::{Precision, Stage};
use regimen_compiler::passes::fuse::Fusions;
use regimen_runtime::cuda::Cuda;
use regimen_runtime::execute::Place;
use regimen_runtime::library;
use std::rc::Rc;
use tch::Tensor;

/// Runs one test on a freshly opened GPU, while no other does. The process keeps its GPU; what depends on nothing but the
/// process is opened again each time.
fn on_gpu(deterministic: bool, test: impl FnOnce(Rc<Cuda>)) {
    let _turn = trainer::turn(2);
    library::start(2).unwrap();
    let cuda = Rc::new(Cuda::open(deterministic).unwrap());
    cuda.release().unwrap();
    test(cuda);
}

fn place(cuda: &Rc<Cuda>) -> Place {
    Place::Gpu(cuda.clone())
}

/// A hand-built stage for the GPU.
fn gpu_stage(
    model: impl ModelSpec + 'static,
    batch: u64,
    micro_batch: u64,
    precision: Precision,
    fuse: Fusions,
) -> Stage {
    let mut stage =
        Stage { fuse, precision, reproducible: false, ..trainer::stages::stage(model, batch, micro_batch) };
    stage.hardware.backend = Backend::Cuda;
    stage
}

/// ‖a − b‖ / ‖b‖ where b lies, in f64.
fn distance(a: &Tensor, b: &Tensor) -> f64 {
    let wide = |t: &Tensor| t.to_device(b.device()).to_kind(tch::Kind::Double);
    let (a, b) = (wide(a), wide(b));
    let norm = b.norm().double_value(&[]);
    let off = (&a - &b).norm().double_value(&[]);
    if norm == 0.0 { off } else { off / norm }
}
