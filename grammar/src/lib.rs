//! Text in, syntax tree out: the only crate that knows pest.

pub mod ast;
