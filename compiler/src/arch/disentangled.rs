//! Blocks with disentangled attention, DeBERTa's (He et al. 2020, 2021).
//!
//! ```text
//! r = norm(relative)                                        the same for all blocks
//! scores[t, s] = q_t·k_s + q_t·k(r[t − s]) + k_s·q(r[t − s])
//! attention = softmax(scores / √(3D)) · v
//! ```

use super::buckets;
use super::encoder::Encoder;
use super::inputs::Inputs;
use super::parts::{WeightList, norm};
use crate::graph::{Graph, ShapeError, Value};
use crate::ops::attention::{AttentionForm, weights as weights_of};
use crate::ops::batch_matmul::{Form, batch_matmul};
use crate::ops::constant::constant;
use crate::ops::contiguous::contiguous;
use crate::ops::dropout::dropout;
use crate::ops::relative_scores::relative_scores;
use crate::ops::reshape::reshape;
use crate::ops::transpose::transpose;

/// Blocks, and how their attention sees positions.
#[derive(Clone, Debug, PartialEq)]
pub struct Disentangled {
    /// Sizes.
    pub encoder: Encoder,
    /// Half the rows of the table if distances share rows logarithmically; without it each distance has its own.
    pub buckets: Option<u64>,
    /// Largest distance that has a row of its own: the context.
    pub farthest: u64,
    /// Whether contents and positions share the projections to queries and keys.
    pub shared_keys: bool,
}

/// What all blocks read besides their input: positions, and which tokens see each other.
#[derive(Clone, Copy, Debug)]
pub struct Positions {
    /// The table after its norm `[R, C]`.
    table: Value,
    /// Its row for every distance.
    rows: Value,
    /// As in [`Inputs`].
    segments: Option<Value>,
}

const PLAIN: Form = Form { ta: false, tb: false, alpha: 1.0 };
const BY_KEYS: Form = Form { tb: true, ..PLAIN };

impl Disentangled {
    /// Lists the weights; `prefix` stands before each name.
    pub fn weights(&self, list: &mut WeightList, prefix: &str) {
        let Encoder { hidden, init_std, layers, .. } = self.encoder;
        let span = self.buckets.unwrap_or(self.farthest);
        list.matrix(&[prefix, "relative"].concat(), [2 * span, hidden], init_std);
        list.norm(&[prefix, "relative_norm"].concat(), hidden);
        self.encoder.weights(list, prefix);
        if !self.shared_keys {
            for layer in 0..layers {
                for part in ["position_k", "position_q"] {
                    list.linear(&format!("{prefix}block.{layer}.attn.{part}"), [hidden, hidden], init_std);
                }
            }
        }
    }

    /// What the blocks read besides what is made of these inputs. Distances are the same wherever a text begins.
    ///
    /// # Errors
    /// If the weights do not fit.
    pub fn positions(&self, g: &mut Graph, prefix: &str, inputs: Inputs) -> Result<Positions, ShapeError> {
        let length = g.size_from_end(inputs.tokens, 0);
        let table = g.weight(&[prefix, "relative.weight"].concat())?;
        let weights = [prefix, "relative_norm"].concat();
        let table = norm(g, "relative_norm", &weights, true, table, self.encoder.norm_eps)?;
        let rows = constant(g, "relative_rows", buckets::rows(length, self.buckets, self.farthest))?;
        Ok(Positions { table, rows, segments: inputs.segments })
    }

    /// The first `layers` blocks, from `[B, T, C]` to the same.
    ///
    /// # Errors
    /// If the weights do not fit.
    pub fn blocks(
        &self,
        g: &mut Graph,
        (prefix, segment): (&str, u64),
        positions: Positions,
        layers: u64,
        x: Value,
    ) -> Result<Value, ShapeError> {
        let some = Encoder { layers, ..self.encoder.clone() };
        some.blocks_with(g, (prefix, segment), x, &|g, weights, x| {
            self.attention(g, weights, x, x, positions)
        })
    }

    /// One block whose queries come from `x` and whose keys and values come from `seen`.
    ///
    /// # Errors
    /// If the weights do not fit.
    pub fn looking_at(
        &self,
        g: &mut Graph,
        weights: &str,
        positions: Positions,
        x: Value,
        seen: Value,
    ) -> Result<Value, ShapeError> {
        self.encoder.block(g, weights, x, &|g, weights, x| self.attention(g, weights, x, seen, positions))
    }

    fn attention(
        &self,
        g: &mut Graph,
        weights: &str,
        x: Value,
        seen: Value,
        positions: Positions,
    ) -> Result<Value, ShapeError> {
        let shape = g.ty(x).shape.clone();
        let (q, k) =
            (self.encoder.heads_of(g, "q", weights, x)?, self.encoder.heads_of(g, "k", weights, seen)?);
        let v = self.encoder.heads_of(g, "v", weights, seen)?;
        let [of_keys, of_queries] = if self.shared_keys { ["k", "q"] } else { ["position_k", "position_q"] };
        let content = {
            let (q, k) = (turned(g, "q_by_head", q, 1, 2)?, turned(g, "k_by_head", k, 1, 2)?);
            batch_matmul(g, "scores", q, k, BY_KEYS)?
        };
        let c2p = self.with_positions(g, "c2p", q, (of_keys, weights), positions)?;
        let p2c = self.with_positions(g, "p2c", k, (of_queries, weights), positions)?;
        let scores = relative_scores(g, "all_scores", content, (c2p, p2c), positions.rows)?;
        let scale = 1.0 / (3.0 * self.encoder.head_size() as f64).sqrt();
        let dropped = self.encoder.attention_dropout;
        let form = AttentionForm { causal: false, scale, dropout: dropped, segments: positions.segments };
        let p = weights_of(g, scores, form)?;
        let p = dropout(g, "weights_dropout", p, dropped)?;
        let v = turned(g, "v_by_head", v, 1, 2)?;
        let out = batch_matmul(g, "out_by_head", p, v, PLAIN)?;
        let out = turned(g, "out", out, 1, 2)?;
        reshape(g, "joined", out, &shape)
    }

    /// Products `[H, B, T, R]` of the heads `[B, T, H, D]` of contents with those of all rows of the table.
    fn with_positions(
        &self,
        g: &mut Graph,
        name: &str,
        heads: Value,
        (part, weights): (&str, &str),
        positions: Positions,
    ) -> Result<Value, ShapeError> {
        let [b, t, h, d] = [0, 1, 2, 3].map(|i| g.ty(heads).shape.get(i).copied().unwrap_or(1));
        g.scoped(name, |g| {
            let flat = reshape(g, "tokens", heads, &[b * t, h, d])?;
            let tokens = turned(g, "tokens_by_head", flat, 0, 1)?;
            let rows = self.encoder.heads_of(g, part, weights, positions.table)?;
            let rows = turned(g, "rows_by_head", rows, 0, 1)?;
            let products = batch_matmul(g, "products", tokens, rows, BY_KEYS)?;
            let r = g.size_from_end(products, 0);
            reshape(g, "by_sample", products, &[h, b, t, r])
        })
    }
}

/// Two dimensions exchanged, in memory.
fn turned(g: &mut Graph, name: &str, x: Value, d0: usize, d1: usize) -> Result<Value, ShapeError> {
    let view = transpose(g, &[name, ".view"].concat(), x, d0, d1)?;
    contiguous(g, name, view)
}
