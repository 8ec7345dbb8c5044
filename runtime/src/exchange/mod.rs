//! Models in Hugging Face's layout: `config.json`, `model.safetensors`, `tokenizer.json`.
//!
//! What the plan's [`Exchange`](regimen_base::plan::Exchange) says is all that is known here of the other
//! side: its configuration, its names, and which matrices it stores transposed.

mod config;
mod export;
mod import;
mod transpose;

#[cfg(test)]
mod tests;

pub use export::{Exported, export};
pub use import::import;

/// File names of the layout.
mod names {
    pub const CONFIG: &str = "config.json";
    pub const MODEL: &str = "model.safetensors";
    pub const INDEX: &str = "model.safetensors.index.json";
}

/// The name with the prefix taken off or put before it.
fn other_name(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).map_or_else(|| format!("{prefix}{name}"), str::to_owned)
}
