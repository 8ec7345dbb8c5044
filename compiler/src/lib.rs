//! From a syntax tree to a proved plan.

pub mod arch;
pub mod codes;
pub mod experiment;
pub mod graph;
pub mod ops;
pub mod passes;
pub mod planning;
pub mod render;
pub mod stages;

pub mod quantity;
