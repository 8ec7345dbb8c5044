//! What attention sees besides the tokens that are computed now: nothing, or a cache of the tokens before them.
//!
//! A decoder writes its forward pass once, over a [`Past`]. The cache holds the heads of keys and values as the model has them, turned by
//! their positions and not repeated for groups, in residents `block.3.attn.keys` and `block.3.attn.values`.

use super::inputs::Inputs;
use crate::graph::{Graph, ShapeError, Value};
use crate::ops::attention::{AttentionForm, attend};
use crate::ops::cache_write::cache_write;
use crate::ops::cached_attention::cached_attention;
use crate::ops::repeat_heads::repeat_heads;

/// What there is of a text before the tokens of a program.
#[derive(Clone, Copy, Debug)]
pub enum Past {
    /// Nothing: the texts begin among the tokens.
    None {
        /// As in [`Inputs`].
        segments: Option<Value>,
        /// As in [`Inputs`].
        positions: Option<Value>,
    },
    /// What the caches hold; `positions` `[B, T]` are those of the tokens, one after another in each sample.
    Cached {
        /// Positions of the tokens.
        positions: Value,
    },
}

impl Past {
    /// That of texts which begin among these tokens.
    pub fn none(Inputs { segments, positions, .. }: Inputs) -> Past {
        Past::None { segments, positions }
    }

    /// Positions of the tokens `[B, T]`, unless they are 0, 1, … in every sample.
    pub fn positions(self) -> Option<Value> {
        match self {
            Past::None { positions, .. } => positions,
            Past::Cached { positions } => Some(positions),
        }
    }
}

/// Sizes of a model's cache: for each of `layers` layers, keys and values of `heads` heads of `head_size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct CacheSizes {
    pub layers: u64,
    pub heads: u64,
    pub head_size: u64,
}

/// Names of the caches of a layer.
pub fn names(layer: u64) -> [String; 2] {
    [format!("block.{layer}.attn.keys"), format!("block.{layer}.attn.values")]
}

/// Appends causal attention of q `[B, T, H, D]` over k and v `[B, T, G, D]` and their past; `layer` is the prefix of the layer's
/// weights, `block.3.attn`. Keys and values of the tokens are added to the caches if there are some.
///
/// # Errors
/// If shapes do not fit, or the stage has no caches.
pub fn attend_after(
    g: &mut Graph,
    past: Past,
    layer: &str,
    [q, k, v]: [Value; 3],
    form: AttentionForm,
) -> Result<Value, ShapeError> {
    match past {
        Past::None { segments, .. } => {
            let times = g.size_from_end(q, 1) / g.size_from_end(k, 1).max(1);
            let k = repeat_heads(g, "k_all", k, times)?;
            let v = repeat_heads(g, "v_all", v, times)?;
            attend(g, q, k, v, AttentionForm { segments, ..form })
        }
        Past::Cached { positions } => {
            let keys = g.cache(&[layer, ".keys"].concat())?;
            let values = g.cache(&[layer, ".values"].concat())?;
            cache_write(g, "keys", keys, k, positions)?;
            cache_write(g, "values", values, v, positions)?;
            cached_attention(g, "out", q, [keys, values], positions, form.scale)
        }
    }
}
