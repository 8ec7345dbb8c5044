//! Executes plans on libtorch.
//!
//! The lower half: [`library`] sets libtorch up with a counting allocator, [`ops`] turns one instruction into
//! calls, [`cuda`] does the same on a GPU, [`execute`] runs the instruction list of a program and nothing else. There is no autograd: backward and optimizer are
//! instructions like any other.
//!
//! The upper half: [`run`] carries out a stage's schedule on any [`run::Engine`], of which libtorch is one;
//! [`checkpoint`] keeps weights and position safe on disk, [`metrics`] reports, [`generate`] writes text, [`inference`] opens models
//! and measures how well they predict, and [`exchange`] speaks Hugging Face's layout.

// A diagnostic is large, and is made at most once on the way to the end of a run.
#![allow(clippy::result_large_err)]

pub mod checkpoint;
pub mod codes;
pub mod cuda;
pub mod exchange;
pub mod execute;
pub mod generate;
pub mod inference;
pub mod library;
pub mod metrics;
pub mod ops;
pub mod run;
mod shim;
