//! Executes plans on libtorch.
//!
//! The lower half: [`library`] sets libtorch up with a counting allocator, [`ops`] turns one instruction into
//! calls, [`execute`] runs the instruction list of a program and nothing else. There is no autograd: backward and optimizer are
//! instructions like any other.

pub mod codes;
pub mod execute;
mod shim;
pub mod library;
pub mod ops;
