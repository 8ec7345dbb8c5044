//! What a forward pass reads of its samples.

use crate::graph::Value;

/// Operands of a forward pass. Where nothing else is given, every sample is one text that fills it.
#[derive(Clone, Copy, Debug)]
pub struct Inputs {
    /// Token ids `[B, T]`.
    pub tokens: Value,
    /// Which text each token belongs to `[B, T]`: a token sees those of its own number only, and one of number 0 is padding.
    pub segments: Option<Value>,
    /// Positions `[B, T]` in the texts, from 0, where texts begin elsewhere than at the sample's first token.
    pub positions: Option<Value>,
    /// Which text of a pair each token belongs to `[B, T]`, from 0; all are of the first without it.
    pub types: Option<Value>,
}

impl From<Value> for Inputs {
    fn from(tokens: Value) -> Inputs {
        Inputs { tokens, segments: None, positions: None, types: None }
    }
}
