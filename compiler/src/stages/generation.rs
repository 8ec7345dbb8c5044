//! Programs that generate text with caches of keys and values, for any decoder.
//!
//! | program | inputs | output |
//! |---|---|---|
//! | `prefill` | `tokens` and `positions` `[B, P]`, `index` `[B]` | logits `[B, V]` after token `index[b]` of the chunk |
//! | `decode` | `tokens` and `positions` `[B, 1]` | logits `[B, V]` after the token |
//!
//! Both add keys and values of their tokens to the caches, so that a token costs what one token costs, however long the text is. Texts of a
//! batch may have different lengths: each has its own positions. What stands in a chunk after the end of a text is written behind it,
//! where nothing sees it until it is written over.

use crate::arch::ModelSpec;
use crate::graph::{Graph, ShapeError};
use crate::ops::reshape::reshape;
use crate::ops::select_row::select_row;
use crate::passes;
use regimen_base::program::Program;
use regimen_base::tensor::{DType, TensorType};

/// Name of the program that takes tokens of prompts into the caches.
pub const PREFILL: &str = "prefill";
/// Name of the program that takes one token of each text and gives the next.
pub const DECODE: &str = "decode";

/// Tokens of a prompt that are taken in at once, at most.
const CHUNK: u64 = 64;

/// How many texts are generated at once, and how long they may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Texts {
    /// Texts at once.
    pub batch: u64,
    /// Tokens of a text at most, its prompt included: the length of the caches.
    pub length: u64,
}

impl Texts {
    /// P: tokens of a prompt that are taken in at once.
    pub fn chunk(self) -> u64 {
        self.length.clamp(1, CHUNK)
    }
}

/// Both programs; `new` makes an empty graph over residents with the model's weights and caches.
///
/// # Errors
/// If the model does not generate text, or its tensors do not fit each other.
pub fn programs(
    new: impl Fn() -> Graph,
    spec: &dyn ModelSpec,
    texts: Texts,
) -> Result<[Program; 2], ShapeError> {
    Ok([prefill(new(), spec, texts)?, decode(new(), spec, texts)?])
}

fn prefill(mut g: Graph, spec: &dyn ModelSpec, texts: Texts) -> Result<Program, ShapeError> {
    let chunk = TensorType::new(DType::I64, [texts.batch, texts.chunk()]);
    let tokens = g.input("tokens", chunk.clone());
    let positions = g.input("positions", chunk);
    let index = g.input("index", TensorType::new(DType::I64, [texts.batch]));
    let hidden = spec.extend(&mut g, tokens, positions)?;
    let row = select_row(&mut g, "last", hidden, index)?;
    let logits = spec.head(&mut g, row)?;
    g.outputs.push(logits);
    Ok(passes::finish(g, PREFILL))
}

fn decode(mut g: Graph, spec: &dyn ModelSpec, texts: Texts) -> Result<Program, ShapeError> {
    let one = TensorType::new(DType::I64, [texts.batch, 1]);
    let tokens = g.input("tokens", one.clone());
    let positions = g.input("positions", one);
    let hidden = spec.extend(&mut g, tokens, positions)?;
    let width = g.size_from_end(hidden, 0);
    let row = reshape(&mut g, "last", hidden, &[texts.batch, width])?;
    let logits = spec.head(&mut g, row)?;
    g.outputs.push(logits);
    Ok(passes::finish(g, DECODE))
}
