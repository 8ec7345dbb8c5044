//! Blocks with disentangled attention, DeBERTa's (He et al. 2020, 2021).
//!
//! ```text
//! r = norm(relative)                                        the same for all blocks
//! scores[t, s] = q_t·k_s + q_t·k(r[t − s]) + k_s·q(r[t − s])
//! attention = softmax(scores / √(3D)) · v
//! after the first block, where there is a convolution:  x = norm(x + act(convolution(what the block read)))
//! ```

use super::buckets;
use super::classifier::Activation;
use super::encoder::Encoder;
use super::inputs::Inputs;
use super::parts::{WeightList, norm};
use crate::graph::{Graph, ShapeError, Value};
use crate::ops::add::add;
use crate::ops::attention::{AttentionForm, weights as weights_of};
use crate::ops::batch_matmul::{Form, batch_matmul};
use crate::ops::concat::concat;
use crate::ops::constant::constant;
use crate::ops::contiguous::contiguous;
use crate::ops::dropout::dropout;
use crate::ops::embedding::embedding;
use crate::ops::fill::fill;
use crate::ops::gelu_erf::gelu_erf;
use crate::ops::linear::linear;
use crate::ops::multiply::multiply;
use crate::ops::relative_scores::relative_scores;
use crate::ops::reshape::reshape;
use crate::ops::split::split;
use crate::ops::tanh::tanh;
use crate::ops::transpose::transpose;
use regimen_base::tensor::TensorType;

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
    /// What is added to the first block's result.
    pub convolution: Option<Convolution>,
}

/// A convolution over neighbouring tokens (He et al. 2020, version 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// Tokens that it sees at once; odd.
    pub width: u64,
    /// What follows it.
    pub activation: Activation,
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
        if let Some(Convolution { width, .. }) = self.convolution {
            let name = [prefix, "convolution"].concat();
            list.kernel(&name, [hidden, hidden, width], init_std);
            list.bias(&name, hidden);
            list.norm(&[prefix, "convolution_norm"].concat(), hidden);
        }
        if !self.shared_keys {
            for layer in 0..layers {
                for part in ["position_k", "position_q"] {
                    list.linear(&format!("{prefix}block.{layer}.attn.{part}"), [hidden, hidden], init_std);
                }
            }
        }
    }

    /// Parameters of the products in all blocks.
    pub fn matmul_parameters(&self) -> u64 {
        let convolved = self.convolution.map_or(0, |convolution| convolution.width);
        self.encoder.matmul_parameters() + convolved * self.encoder.hidden * self.encoder.hidden
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
        let attention = |g: &mut Graph, weights: &str, x: Value| self.attention(g, weights, x, x, positions);
        let Some(convolution) = self.convolution.filter(|_| layers > 0) else {
            return self.encoder.blocks_with(g, (prefix, segment), 0..layers, x, &attention);
        };
        let first = self.encoder.blocks_with(g, (prefix, segment), 0..1, x, &attention)?;
        let x = g.scoped([prefix, "convolution"].concat(), |g| {
            self.convolved(g, (prefix, convolution), positions.segments, x, first)
        })?;
        self.encoder.blocks_with(g, (prefix, segment), 1..layers, x, &attention)
    }

    /// What the first block gave, with the convolution of what it read.
    fn convolved(
        &self,
        g: &mut Graph,
        (prefix, Convolution { width, activation }): (&str, Convolution),
        segments: Option<Value>,
        x: Value,
        residual: Value,
    ) -> Result<Value, ShapeError> {
        let ty = g.ty(x).clone();
        let [b, t, c] = [0, 1, 2].map(|i| ty.shape.get(i).copied().unwrap_or(1));
        let x = match segments {
            Some(segments) => without_padding(g, segments, x)?,
            None => x,
        };
        let side = width / 2;
        let mut seen = x;
        if side > 0 {
            let zeros = fill(g, "beyond", 0.0, TensorType::new(ty.dtype, [b, side, c]))?;
            seen = concat(g, "widened", &[zeros, x, zeros], 1)?;
        }
        let mut taps = vec![];
        for tap in 0..width {
            let sizes: Vec<u64> = [tap, t, 2 * side - tap].into_iter().filter(|n| *n > 0).collect();
            let part = split(g, "tap", seen, 1, &sizes)?[usize::from(tap > 0)];
            taps.push(contiguous(g, "neighbours", part)?);
        }
        let taps = concat(g, "taps", &taps, 2)?;
        // Theirs is [out, in, tap]; neighbours lie one after another.
        let weights = [prefix, "convolution"].concat();
        let kernel = g.weight(&[&weights, ".weight"].concat())?;
        let kernel = turned(g, "kernel", kernel, 1, 2)?;
        let kernel = reshape(g, "matrix", kernel, &[c, width * c])?;
        let bias = g.weight(&[&weights, ".bias"].concat())?;
        let h = linear(g, "product", taps, kernel, Some(bias))?;
        let h = dropout(g, "dropout", h, self.encoder.hidden_dropout)?;
        let h = match activation {
            Activation::Tanh => tanh(g, "tanh", h)?,
            Activation::Gelu => gelu_erf(g, "gelu", h)?,
        };
        let x = add(g, "residual", h, residual)?;
        norm(g, "norm", &[prefix, "convolution_norm"].concat(), true, x, self.encoder.norm_eps)
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

/// `x` with zeros where tokens are padding, whose segment is 0.
fn without_padding(g: &mut Graph, segments: Value, x: Value) -> Result<Value, ShapeError> {
    let (dtype, c) = (g.ty(x).dtype, g.size_from_end(x, 0));
    let row = TensorType::new(dtype, [1, c]);
    let (none, all) = (fill(g, "none", 0.0, row.clone())?, fill(g, "all", 1.0, row)?);
    let rows = concat(g, "none_or_all", &[none, all], 0)?;
    let kept = embedding(g, "kept", rows, segments)?;
    multiply(g, "text", x, kept)
}

/// Two dimensions exchanged, in memory.
fn turned(g: &mut Graph, name: &str, x: Value, d0: usize, d1: usize) -> Result<Value, ShapeError> {
    let view = transpose(g, &[name, ".view"].concat(), x, d0, d1)?;
    contiguous(g, name, view)
}
