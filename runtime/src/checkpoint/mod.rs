//! Checkpoints: what is needed to go on, or to use the model, on disk and checked.
//!
//! ```text
//! checkpoints/
//!   last  best                    one line each: the name of a folder below
//!   step-00000200/
//!     weights.safetensors         logical weights, full precision, by the plan's names
//!     optimizer.safetensors       everything else that an exact resume needs
//!     tokenizer.json  tokenizer_config.json
//!     plan.json                   with these, the folder alone is enough to generate text
//!     manifest.json               position, state of the host, size and SHA-256 of every file
//! ```
//!
//! A folder is written under a temporary name, every file synced, the folder synced, renamed, and its
//! parent synced. So a folder with its final name is complete, and an interrupted write leaves only
//! something that begins with `.tmp-`. Older checkpoints are removed after the new one is durable.
//! Tensors are logical: global shapes, no trace of how ranks held them.

pub mod convert;
pub mod digest;
pub mod disk;
pub mod manifest;
pub mod reader;
pub mod store;
pub mod tensors;
pub mod trial;
pub mod weights;
mod write;

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
pub(crate) mod testing;

pub use manifest::{Best, Manifest, Parent, Watched};
pub use reader::{Checkpoint, locate};
pub use store::{Saved, Store};
pub use write::Snapshot;
pub(crate) use write::write_file;

/// File names inside a checkpoint.
pub mod names {
    #![allow(missing_docs)]
    pub const WEIGHTS: &str = "weights.safetensors";
    pub const OPTIMIZER: &str = "optimizer.safetensors";
    pub const TOKENIZER: &str = "tokenizer.json";
    pub const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
    pub const PLAN: &str = "plan.json";
    pub const MANIFEST: &str = "manifest.json";
}
