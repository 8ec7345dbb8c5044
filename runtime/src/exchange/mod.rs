//! Models in Hugging Face's layout: `config.json`, `model.safetensors` or several files with an index, `tokenizer.json`.
//!
//! What the plan's [`Exchange`](regimen_base::plan::Exchange) says is all that is known here of the other
//! side: its configuration, its names, and which matrices it stores transposed.

use regimen_base::plan::{Exchange, TokenizerPlan};

mod config;
mod export;
mod import;
mod shards;
mod transpose;

#[cfg(test)]
mod tests;

pub use export::{Exported, Form, export};
pub use import::import;

/// File names of the layout.
mod names {
    pub const CONFIG: &str = "config.json";
    pub const MODEL: &str = "model.safetensors";
    pub const INDEX: &str = "model.safetensors.index.json";
}

/// The ids whose rows of a weight change places on the way to the other side, if any do.
fn swapped(tokenizer: &TokenizerPlan, exchange: &Exchange, weight: &str) -> Option<(u32, u32)> {
    let theirs = exchange.padding.as_ref()?;
    let ours = tokenizer.special?.marks.padding?;
    (ours != theirs.id && theirs.weights.iter().any(|name| name == weight)).then_some((theirs.id, ours))
}

/// The name with the prefix taken off or put before it.
fn other_name(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).map_or_else(|| format!("{prefix}{name}"), str::to_owned)
}
