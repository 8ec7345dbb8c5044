//! Runs a stage.
pub mod codes;
pub mod engine;
