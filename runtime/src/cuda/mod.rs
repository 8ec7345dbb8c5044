//! One NVIDIA GPU: the driver, libtorch's CUDA half, own kernels, cuBLASLt and graphs.
//!
//! Nothing of CUDA is linked. [`Cuda::open`] finds the driver and the libraries at run time and says what is missing, so one
//! binary runs everywhere. Memory comes from libtorch's caching allocator, whose `requested_bytes` the plan predicts; attention is
//! libtorch's, products are cuBLASLt's, and everything else is a kernel in `kernels/`, compiled for the GPU that is present and
//! kept on disk by its content.

mod algorithms;
mod cache;
mod device;
mod graph;
mod kernels;
mod launch;
mod marks;
pub mod ops;
mod products;
mod staging;

pub use device::{Card, Cuda, address};
pub use graph::Graph;
pub use launch::Launch;
pub use marks::Marks;
pub use products::{After, Product};
pub use staging::Staging;
