//! Every kind of declaration with its types, one file per type, each with its table of fields and the
//! function that reads them. A new type is a new file and a line in its registry.

pub mod budget;
pub mod cleaning;
pub mod data;
pub mod experiment;
pub mod hardware;
pub mod model;
pub mod optimizer;
pub mod paths;
pub mod schedule;
pub mod stage;
pub mod tokenizer;

use crate::schema::Kind;

/// All kinds, in the order of the language reference.
pub static ALL: &[&Kind] = &[
    &experiment::KIND,
    &tokenizer::KIND,
    &data::KIND,
    &model::KIND,
    &hardware::KIND,
    &stage::KIND,
    &budget::KIND,
    &paths::VARIANT,
    &paths::SWEEP,
];
