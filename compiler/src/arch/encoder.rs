//! What BERT and its descendants share: embeddings with a norm, post-norm blocks, and the head that predicts hidden tokens.
//!
//! ```text
//! x = norm(token[tokens] + segment[0] + position)
//! L times:  x = norm(x + proj(attention(q(x), k(x), v(x))))
//!           x = norm(x + out(gelu(in(x))))
//! logits = norm(gelu(transform(x))) · tokenᵀ + bias
//! ```

use super::inputs::Inputs;
use super::parts::{self, DROPOUT, WeightList, linear, norm, size, table_rows};
use crate::eval::{Fields, Stop};
use crate::graph::{Graph, ShapeError, Value};
use crate::ops;
use crate::ops::add::add;
use crate::ops::attention::{AttentionForm, attend};
use crate::ops::dropout::dropout;
use crate::ops::embedding::embedding;
use crate::ops::gelu_erf::gelu_erf;
use crate::ops::reshape::reshape;
use crate::schema::{Field, Number, Ty};
use serde_json::json;
use std::ops::Range;

/// Blocks of an encoder with all their sizes known.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoder {
    /// L
    pub layers: u64,
    /// H
    pub heads: u64,
    /// C; a multiple of the heads.
    pub hidden: u64,
    /// Width inside the MLP.
    pub mlp: u64,
    /// Dropout on the attention weights.
    pub attention_dropout: f64,
    /// Dropout on what a block adds.
    pub hidden_dropout: f64,
    /// Added to the variance in norms.
    pub norm_eps: f64,
    /// Standard deviation of initial weights.
    pub init_std: f64,
}

/// Embeddings of an encoder with all their sizes known.
#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
    /// V
    pub vocab: u64,
    /// Width of the tables.
    pub width: u64,
    /// Rows of the position table, if there is one.
    pub positions: u64,
    /// Rows of the position table that come before that of the first token.
    pub first_position: u64,
    /// Rows of the segment table; 0 for none.
    pub segments: u64,
    /// Dropout after the norm.
    pub dropout: f64,
    /// Added to the variance in the norm.
    pub norm_eps: f64,
    /// Standard deviation of initial weights.
    pub init_std: f64,
}

/// Segments of a pair of texts.
pub const SEGMENTS: Field = Field::with(
    "segments",
    size(1000),
    "2",
    "Rows of the segment table; running text and the first text of a pair are of the first segment.",
);

/// Layers.
pub const LAYERS: Field = Field::required("layers", size(10_000), "Blocks.");
/// Heads.
pub const HEADS: Field = Field::required("heads", size(100_000), "Attention heads; they divide `hidden`.");
/// Width.
pub const HIDDEN: Field = Field::required("hidden", size(1_000_000), "Width of the residual stream.");
/// Width inside the MLP.
pub const MLP: Field = Field::with("mlp", size(10_000_000), "4 * self.hidden", "Width inside the MLP.");
/// Tokenizer.
pub const TOKENIZER: Field =
    Field::required("tokenizer", Ty::Ref("tokenizer"), "How its text becomes tokens.");
/// Rows of the embedding table.
pub const VOCAB: Field = Field::with(
    "vocab",
    size(100_000_000),
    "self.tokenizer.vocab_with_marks",
    "Rows of the embedding table, those of mask, padding, beginning and end of a text among them; what has no row is not put around texts, \
     and without one for the mask it is an error.",
);
/// The default of the others.
pub const ALL_DROPOUTS: Field = Field::with("dropout", DROPOUT, "0%", "Default of the dropouts below.");
/// After the embeddings.
pub const EMBEDDING_DROPOUT: Field =
    Field::with("embedding_dropout", DROPOUT, "self.dropout", "After the embeddings.");
/// On the attention weights.
pub const ATTENTION_DROPOUT: Field =
    Field::with("attention_dropout", DROPOUT, "self.dropout", "On the attention weights.");
/// On what blocks add.
pub const HIDDEN_DROPOUT: Field =
    Field::with("hidden_dropout", DROPOUT, "self.dropout", "On what attention and MLP add.");
/// Initial weights.
pub const INIT_STD: Field =
    Field::with("init_std", Ty::Number(Number::plain()), "0.02", "Standard deviation of initial weights.");

impl Encoder {
    /// Reads the fields above.
    ///
    /// # Errors
    /// If one was reported.
    pub fn read(fields: &Fields) -> Result<Encoder, Stop> {
        Ok(Encoder {
            layers: fields.u64("layers")?,
            heads: fields.u64("heads")?,
            hidden: fields.u64("hidden")?,
            mlp: fields.u64("mlp")?,
            attention_dropout: fields.f64("attention_dropout")?,
            hidden_dropout: fields.f64("hidden_dropout")?,
            norm_eps: fields.f64("norm_eps")?,
            init_std: fields.f64("init_std")?,
        })
    }

    /// Lists the weights of all blocks; `prefix` stands before `block.0`.
    pub fn weights(&self, list: &mut WeightList, prefix: &str) {
        let c = self.hidden;
        for layer in 0..self.layers {
            let name = |part: &str| format!("{prefix}block.{layer}.{part}");
            for part in ["attn.q", "attn.k", "attn.v", "attn.proj"] {
                list.linear(&name(part), [c, c], self.init_std);
            }
            list.norm(&name("attn.norm"), c);
            list.linear(&name("mlp.in"), [self.mlp, c], self.init_std);
            list.linear(&name("mlp.out"), [c, self.mlp], self.init_std);
            list.norm(&name("mlp.norm"), c);
        }
    }

    /// All blocks, from `[B, T, C]` of these inputs to the same. `segment` is the first number of those that recomputation tells blocks apart by.
    ///
    /// # Errors
    /// If the weights do not fit.
    pub fn blocks(
        &self,
        g: &mut Graph,
        (prefix, segment): (&str, u64),
        inputs: Inputs,
        x: Value,
    ) -> Result<Value, ShapeError> {
        let attention = |g: &mut Graph, weights: &str, x: Value| self.attention(g, weights, inputs, x);
        self.blocks_with(g, (prefix, segment), 0..self.layers, x, &attention)
    }

    /// Some of the blocks with attention of another kind, which gets the name of its weights and what it reads.
    ///
    /// # Errors
    /// If the weights do not fit.
    pub fn blocks_with(
        &self,
        g: &mut Graph,
        (prefix, segment): (&str, u64),
        layers: Range<u64>,
        mut x: Value,
        attention: &dyn Fn(&mut Graph, &str, Value) -> Result<Value, ShapeError>,
    ) -> Result<Value, ShapeError> {
        for layer in layers {
            let name = format!("{prefix}block.{layer}");
            x = g.in_segment((segment + layer) as u32, |g| {
                g.scoped(name.clone(), |g| self.block(g, &name, x, attention))
            })?;
        }
        Ok(x)
    }

    /// One block with the weights of this name.
    ///
    /// # Errors
    /// If the weights do not fit.
    pub fn block(
        &self,
        g: &mut Graph,
        weights: &str,
        x: Value,
        attention: &dyn Fn(&mut Graph, &str, Value) -> Result<Value, ShapeError>,
    ) -> Result<Value, ShapeError> {
        let h = g.scoped("attn", |g| {
            let h = attention(g, &[weights, ".attn"].concat(), x)?;
            linear(g, "proj", &[weights, ".attn.proj"].concat(), true, h)
        })?;
        let x = self.add_and_norm(g, "attn", weights, h, x)?;
        let h = g.scoped("mlp", |g| self.mlp(g, &[weights, ".mlp"].concat(), x))?;
        self.add_and_norm(g, "mlp", weights, h, x)
    }

    fn add_and_norm(
        &self,
        g: &mut Graph,
        part: &str,
        weights: &str,
        h: Value,
        x: Value,
    ) -> Result<Value, ShapeError> {
        let h = dropout(g, &[part, ".dropout"].concat(), h, self.hidden_dropout)?;
        let x = add(g, &[part, ".residual"].concat(), h, x)?;
        norm(g, &[part, ".norm"].concat(), &[weights, ".", part, ".norm"].concat(), true, x, self.norm_eps)
    }

    fn attention(&self, g: &mut Graph, weights: &str, inputs: Inputs, x: Value) -> Result<Value, ShapeError> {
        let [q, k, v] = ["q", "k", "v"].map(|part| self.heads_of(g, part, weights, x));
        let form = AttentionForm {
            segments: inputs.segments,
            ..AttentionForm::new(false, self.head_size(), self.attention_dropout)
        };
        let out = attend(g, q?, k?, v?, form)?;
        let shape = g.ty(x).shape.clone();
        reshape(g, "joined", out, &shape)
    }

    /// D
    pub fn head_size(&self) -> u64 {
        self.hidden / self.heads.max(1)
    }

    /// `x · wᵀ + b` as heads `[…, H, D]`.
    ///
    /// # Errors
    /// If the weights do not fit.
    pub fn heads_of(&self, g: &mut Graph, part: &str, weights: &str, x: Value) -> Result<Value, ShapeError> {
        let all = linear(g, part, &[weights, ".", part].concat(), true, x)?;
        let mut shape = g.ty(x).shape.to_vec();
        shape.pop();
        shape.extend([self.heads, self.head_size()]);
        reshape(g, &[part, "_heads"].concat(), all, &shape)
    }

    fn mlp(&self, g: &mut Graph, weights: &str, x: Value) -> Result<Value, ShapeError> {
        let h = linear(g, "in", &[weights, ".in"].concat(), true, x)?;
        let h = gelu_erf(g, "gelu", h)?;
        linear(g, "out", &[weights, ".out"].concat(), true, h)
    }

    /// What the configurations of transformers' encoders say alike. There is one rate for embeddings and blocks: the larger.
    pub fn hf_config(&self, embedding_dropout: f64) -> serde_json::Map<String, serde_json::Value> {
        super::entries(json!({
            "attention_probs_dropout_prob": self.attention_dropout,
            "hidden_act": "gelu",
            "hidden_dropout_prob": self.hidden_dropout.max(embedding_dropout),
            "hidden_size": self.hidden,
            "initializer_range": self.init_std,
            "intermediate_size": self.mlp,
            "layer_norm_eps": self.norm_eps,
            "num_attention_heads": self.heads,
            "num_hidden_layers": self.layers,
        }))
    }

    /// Parameters of the products in all blocks.
    pub fn matmul_parameters(&self) -> u64 {
        self.layers * (4 * self.hidden * self.hidden + 2 * self.hidden * self.mlp)
    }
}

impl Embeddings {
    /// Lists the tables and the norm.
    pub fn weights(&self, list: &mut WeightList) {
        list.matrix("embed.token", [self.vocab, self.width], self.init_std);
        if self.positions > 0 {
            list.matrix("embed.position", [self.positions, self.width], self.init_std);
        }
        if self.segments > 0 {
            list.matrix("embed.segment", [self.segments, self.width], self.init_std);
        }
        list.norm("embed.norm", self.width);
    }

    /// From token ids `[B, T]` to `[B, T, E]`, with segment and position, through the norm. Unless `types` are given, all tokens are of the first segment.
    ///
    /// # Errors
    /// If the weights do not fit.
    pub fn forward(&self, g: &mut Graph, inputs: Inputs) -> Result<Value, ShapeError> {
        let table = g.weight("embed.token.weight")?;
        let mut x = embedding(g, "embed", table, inputs.tokens)?;
        let t = g.size_from_end(x, 1);
        if self.segments > 0 {
            let table = g.weight("embed.segment.weight")?;
            let of_texts = match inputs.types {
                Some(types) => embedding(g, "segments", table, types)?,
                None => {
                    let row = table_rows(g, "segment", table, 0, 1)?;
                    reshape(g, "segment_row", row, &[self.width])?
                }
            };
            x = add(g, "embed_segment", x, of_texts)?;
        }
        if self.positions > 0 {
            let table = g.weight("embed.position.weight")?;
            let positions = parts::positions(g, table, self.first_position, t, inputs.positions)?;
            x = add(g, "embed_at", x, positions)?;
        }
        let x = norm(g, "embed_norm", "embed.norm", true, x, self.norm_eps)?;
        dropout(g, "embed_dropout", x, self.dropout)
    }
}

/// The head that predicts tokens: a transform of width `from` to the width of the tied table, and a bias for each token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TokenHead {
    /// C
    pub from: u64,
    /// E
    pub width: u64,
    /// V
    pub vocab: u64,
    /// Added to the variance in the norm.
    pub norm_eps: f64,
}

impl TokenHead {
    /// Lists its weights.
    pub fn weights(&self, list: &mut WeightList, init_std: f64) {
        list.linear("head.transform", [self.width, self.from], init_std);
        list.norm("head.norm", self.width);
        list.bias("head", self.vocab);
    }

    /// From hidden states `[…, C]` to logits `[…, V]`.
    ///
    /// # Errors
    /// If the weights do not fit.
    pub fn logits(&self, g: &mut Graph, hidden: Value) -> Result<Value, ShapeError> {
        let h = parts::linear(g, "head.transform", "head.transform", true, hidden)?;
        let h = gelu_erf(g, "head.gelu", h)?;
        let h = norm(g, "head.norm", "head.norm", true, h, self.norm_eps)?;
        let (table, bias) = (g.weight("embed.token.weight")?, g.weight("head.bias")?);
        ops::linear::linear(g, "logits", h, table, Some(bias))
    }

    /// Parameters of its products, the table included.
    pub fn matmul_parameters(&self) -> u64 {
        self.width * (self.from + self.vocab)
    }
}

/// transformers' names of the weights of embeddings and blocks, below `base`: `bert`, `roberta`, `electra`.
pub fn hf_name(ours: &str, base: &str) -> Option<String> {
    let parts: Vec<&str> = ours.split('.').collect();
    Some(match parts.as_slice() {
        ["embed", "token", kind] => format!("{base}.embeddings.word_embeddings.{kind}"),
        ["embed", "position", kind] => format!("{base}.embeddings.position_embeddings.{kind}"),
        ["embed", "segment", kind] => format!("{base}.embeddings.token_type_embeddings.{kind}"),
        ["embed", "norm", kind] => format!("{base}.embeddings.LayerNorm.{kind}"),
        ["block", layer, part, name, kind] => {
            let module = match (*part, *name) {
                ("attn", "q") => "attention.self.query",
                ("attn", "k") => "attention.self.key",
                ("attn", "v") => "attention.self.value",
                ("attn", "proj") => "attention.output.dense",
                ("attn", _) => "attention.output.LayerNorm",
                (_, "in") => "intermediate.dense",
                (_, "out") => "output.dense",
                _ => "output.LayerNorm",
            };
            format!("{base}.encoder.layer.{layer}.{module}.{kind}")
        }
        _ => return None,
    })
}
