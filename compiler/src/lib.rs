//! From experiment files to a proved plan.
//!
//! The front end ([`front`]) reads files through a [`world::World`], resolves names ([`program`]), evaluates
//! and checks values against the schema ([`eval`], [`schema`], [`kinds`], [`rules`]) and builds an
//! [`experiment::Experiment`]. Planning turns that into a [`regimen_base::plan::Plan`]: stages become
//! programs over tensors ([`stages`], [`graph`], [`ops`], [`passes`]), sized and priced ([`planning`]).

pub mod arch;
mod build;
pub mod codes;
pub mod datasets;
mod duplicates;
pub mod eval;
pub mod experiment;
pub mod front;
pub mod graph;
pub mod hardware;
pub mod kinds;
pub mod languages;
pub mod ops;
pub mod passes;
pub mod planning;
mod print;
pub mod program;
pub mod quantity;
pub mod reference;
pub mod render;
pub mod rules;
pub mod schema;
pub mod show;
pub mod stages;
pub mod world;
