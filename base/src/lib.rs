//! What every other crate shares: where text comes from ([`source`]), what is said about it
//! ([`diagnostic`]), what a tensor is ([`tensor`]), and the plan that the compiler proves and the
//! runtime executes ([`plan`]).
//!
//! This crate depends on nothing but serde (and a hash function for the plan's identity), so that the
//! grammar can report without knowing the compiler, and the runtime can execute without seeing source.

pub mod cleaning;
pub mod data;
pub mod diagnostic;
pub mod gpu;
pub mod mixing;
pub mod packing;
pub mod paraphrase;
pub mod plan;
pub mod program;
pub mod schedule;
pub mod source;
pub mod tensor;
pub mod trace;

pub use diagnostic::{Code, CodePage, Diagnostic, Edit, Fix, Label, Severity};
pub use source::{FileId, SourceMap, Span};
