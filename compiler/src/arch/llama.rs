//! Llama (Touvron et al. 2023): rotary positions, norms by the root mean square, SwiGLU, key and value heads shared by groups of
//! query heads.
//!
//! ```text
//! x = embed[tokens]
//! L times:  x = x + proj(attention(rotary(q(h)), rotary(k(h)), v(h)))    with h = norm(x)
//!           x = x + down(silu(gate(h)) · up(h))                          with h = norm(x)
//! logits = norm(x) · headᵀ
//! ```

use super::classifier::{Body, HeadForm};
use super::inputs::Inputs;
use super::parts::{self, CONTEXT, DROPOUT, NORM_EPS, WEIGHTS, WeightList, size};
use super::past::{CacheSizes, Past, attend_after};
use super::rope::{Rope, SCALING, THETA};
use super::{Architecture, Dimensions, ModelSpec, WeightSpec};
use crate::eval::{Fields, Stop};
use crate::graph::{Graph, ShapeError, Value};
use crate::ops::add::add;
use crate::ops::attention::AttentionForm;
use crate::ops::dropout::dropout;
use crate::ops::embedding::embedding;
use crate::ops::layer_norm::rms_norm;
use crate::ops::linear::linear;
use crate::ops::reshape::reshape;
use crate::ops::rotary::{rotary, rotary_table, rotary_table_at};
use crate::ops::swiglu::swiglu;
use crate::schema::{Field, Number, Ty, Type};
use regimen_base::data::TokenizerFacts;
use regimen_base::plan::{Exchange, ExchangeTensor};
use regimen_base::schedule::Reads;
use serde_json::json;
use std::sync::Arc;

/// A Llama with all its sizes known.
#[derive(Clone, Debug, PartialEq)]
pub struct Llama {
    /// L
    pub layers: u64,
    /// H
    pub heads: u64,
    /// G, which divides H.
    pub kv_heads: u64,
    /// C
    pub hidden: u64,
    /// D, even; C / H unless it is set.
    pub head_size: u64,
    /// Width inside the MLP.
    pub mlp: u64,
    /// T
    pub context: u64,
    /// V, at least that of the tokenizer.
    pub vocab: u64,
    /// Whether the head shares the token embedding.
    pub tied: bool,
    /// Positions.
    pub rope: Rope,
    /// Dropout after the embeddings.
    pub embedding_dropout: f64,
    /// Dropout on the attention weights.
    pub attention_dropout: f64,
    /// Dropout on what a block adds.
    pub residual_dropout: f64,
    /// Added to the mean square in norms.
    pub norm_eps: f64,
    /// Standard deviation of initial weights.
    pub init_std: f64,
    /// Id of the token between documents, for the exchange format.
    pub end_of_text: u32,
}

/// The architecture's fields in the language.
#[derive(Debug)]
pub struct LlamaArchitecture;

impl Architecture for LlamaArchitecture {
    fn schema(&self) -> &'static Type {
        &TYPE
    }

    fn read(&self, fields: &Fields, tokenizer: &TokenizerFacts) -> Result<Arc<dyn ModelSpec>, Stop> {
        let (hidden, heads) = (fields.u64("hidden")?, fields.u64("heads")?);
        let head_size = fields.optional_quantity("head_size")?.and_then(|size| size.ceil_u64());
        Ok(Arc::new(Llama {
            layers: fields.u64("layers")?,
            heads,
            kv_heads: fields.u64("kv_heads")?,
            hidden,
            head_size: head_size.unwrap_or(hidden / heads.max(1)),
            mlp: fields.u64("mlp")?,
            context: fields.u64("context")?,
            vocab: fields.u64("vocab")?,
            tied: fields.bool("tied")?,
            rope: Rope::read(fields)?,
            embedding_dropout: fields.f64("embedding_dropout")?,
            attention_dropout: fields.f64("attention_dropout")?,
            residual_dropout: fields.f64("residual_dropout")?,
            norm_eps: fields.f64("norm_eps")?,
            init_std: fields.f64("init_std")?,
            end_of_text: tokenizer.end_of_text,
        }))
    }

    fn config_sizes(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("layers", "num_hidden_layers"),
            ("heads", "num_attention_heads"),
            ("kv_heads", "num_key_value_heads"),
            ("hidden", "hidden_size"),
            ("head_size", "head_dim"),
            ("mlp", "intermediate_size"),
            ("context", "max_position_embeddings"),
            ("vocab", "vocab_size"),
        ]
    }
}

static TYPE: Type = Type {
    name: "llama",
    doc: "Llama: rotary positions, root-mean-square norms, SwiGLU, grouped-query attention.",
    fields: &[
        Field::required("layers", size(10_000), "Blocks."),
        Field::required("heads", size(100_000), "Query heads."),
        Field::required("hidden", size(1_000_000), "Width of the residual stream."),
        Field::required("mlp", size(10_000_000), "Width inside the MLP."),
        Field::required("context", CONTEXT, "Tokens it can see."),
        Field::required("tokenizer", Ty::Ref("tokenizer"), "How its text becomes tokens."),
        Field::with("kv_heads", size(100_000), "self.heads", "Key and value heads; they divide `heads`."),
        Field::optional(
            "head_size",
            size(100_000),
            "Width of a head, an even number; hidden / heads if it is not set.",
        ),
        Field::with(
            "vocab",
            size(100_000_000),
            "self.tokenizer.vocab",
            "Rows of the embedding table; more than the tokenizer has is padding, fewer is an error.",
        ),
        Field::with("tied", Ty::Bool, "false", "Whether the head shares the token embedding."),
        THETA,
        SCALING,
        Field::with("dropout", DROPOUT, "0%", "Default of the three dropouts below."),
        Field::with("embedding_dropout", DROPOUT, "self.dropout", "After the embeddings."),
        Field::with("attention_dropout", DROPOUT, "self.dropout", "On the attention weights."),
        Field::with("residual_dropout", DROPOUT, "self.dropout", "On what attention and MLP add."),
        Field::with("norm_eps", NORM_EPS, "1e-5", "Added to the mean square in norms."),
        Field::with(
            "init_std",
            Ty::Number(Number::plain()),
            "0.02",
            "Standard deviation of initial weights.",
        ),
        WEIGHTS,
    ],
};

impl ModelSpec for Llama {
    fn weights(&self) -> Vec<WeightSpec> {
        let (c, std) = (self.hidden, self.init_std);
        let (q, kv) = (self.heads * self.head_size, self.kv_heads * self.head_size);
        let mut list = WeightList::new(false);
        list.matrix("embed", [self.vocab, c], std);
        for layer in 0..self.layers {
            let block = format!("block.{layer}.");
            let name = |part: &str| [&block, part].concat();
            list.norm(&name("norm1"), c);
            list.matrix(&name("attn.q"), [q, c], std);
            list.matrix(&name("attn.k"), [kv, c], std);
            list.matrix(&name("attn.v"), [kv, c], std);
            list.matrix(&name("attn.proj"), [c, q], std);
            list.norm(&name("norm2"), c);
            list.matrix(&name("mlp.gate"), [self.mlp, c], std);
            list.matrix(&name("mlp.up"), [self.mlp, c], std);
            list.matrix(&name("mlp.down"), [c, self.mlp], std);
        }
        list.norm("norm", c);
        if !self.tied {
            list.matrix("head", [self.vocab, c], std);
        }
        list.weights
    }

    fn forward(&self, g: &mut Graph, inputs: Inputs) -> Result<Value, ShapeError> {
        self.after(g, inputs.tokens, Past::none(inputs))
    }

    fn cache(&self) -> Option<CacheSizes> {
        Some(CacheSizes { layers: self.layers, heads: self.kv_heads, head_size: self.head_size })
    }

    fn extend(&self, g: &mut Graph, tokens: Value, positions: Value) -> Result<Value, ShapeError> {
        self.after(g, tokens, Past::Cached { positions })
    }

    fn head(&self, g: &mut Graph, hidden: Value) -> Result<Value, ShapeError> {
        let weight = g.weight(if self.tied { "embed.weight" } else { "head.weight" })?;
        linear(g, "logits", hidden, weight, None)
    }

    fn body(&self) -> Option<Body> {
        let Dimensions { matmul_parameters, .. } = self.dimensions();
        Some(Body {
            weights: self.weights().into_iter().filter(|w| w.name != "head.weight").collect(),
            hidden: self.hidden,
            init_std: self.init_std,
            matmul_parameters: matmul_parameters - self.vocab * self.hidden,
            head: HeadForm {
                reads: Reads::Last,
                dense: None,
                score: "score",
                bias: false,
                class: "LlamaForSequenceClassification",
                dropout: None,
                spare: &["lm_head."],
            },
        })
    }

    fn context(&self) -> u64 {
        self.context
    }

    fn vocab(&self) -> u64 {
        self.vocab
    }

    fn dimensions(&self) -> Dimensions {
        let (c, d) = (self.hidden, self.head_size);
        let attention = 2 * c * self.heads * d + 2 * c * self.kv_heads * d;
        Dimensions {
            layers: self.layers,
            attention_width: self.heads * d,
            matmul_parameters: self.layers * (attention + 3 * c * self.mlp) + self.vocab * c,
        }
    }

    fn exchange(&self) -> Exchange {
        let tensors = self.weights().iter().map(|w| hf_tensor(&w.name)).collect();
        Exchange {
            config: self.hf_config(),
            defaults: hf_defaults(),
            prefix: "model.".to_owned(),
            tensors,
            ..Exchange::default()
        }
    }
}

/// What the heads of all layers have in common.
#[derive(Clone, Copy)]
struct Sight {
    /// Angles of the positions.
    angles: Value,
    past: Past,
}

impl Llama {
    fn after(&self, g: &mut Graph, tokens: Value, past: Past) -> Result<Value, ShapeError> {
        let t = g.size_from_end(tokens, 0);
        let embed = g.weight("embed.weight")?;
        let x = embedding(g, "embed", embed, tokens)?;
        let mut x = dropout(g, "embed_dropout", x, self.embedding_dropout)?;
        let (frequencies, factor) = (self.rope.frequencies(self.head_size), self.rope.factor());
        let angles = match past.positions() {
            None => rotary_table(g, t, frequencies, factor)?,
            Some(positions) => rotary_table_at(g, positions, frequencies, factor)?,
        };
        let sight = Sight { angles, past };
        for layer in 0..self.layers {
            let name = format!("block.{layer}");
            x = g.in_segment(layer as u32, |g| g.scoped(name.clone(), |g| self.block(g, &name, x, sight)))?;
        }
        self.norm(g, "norm", "norm", x)
    }

    fn block(&self, g: &mut Graph, weights: &str, x: Value, sight: Sight) -> Result<Value, ShapeError> {
        let h = self.norm(g, "norm1", &[weights, ".norm1"].concat(), x)?;
        let h = g.scoped("attn", |g| self.attention(g, &[weights, ".attn"].concat(), h, sight))?;
        let h = dropout(g, "attn.dropout", h, self.residual_dropout)?;
        let x = add(g, "attn.residual", h, x)?;
        let h = self.norm(g, "norm2", &[weights, ".norm2"].concat(), x)?;
        let h = g.scoped("mlp", |g| self.mlp(g, &[weights, ".mlp"].concat(), h))?;
        let h = dropout(g, "mlp.dropout", h, self.residual_dropout)?;
        add(g, "mlp.residual", h, x)
    }

    fn attention(&self, g: &mut Graph, weights: &str, x: Value, sight: Sight) -> Result<Value, ShapeError> {
        let shape = g.ty(x).shape.clone();
        let (b, t, d) = (shape[0], shape[1], self.head_size);
        let (h, groups) = (self.heads, self.kv_heads);
        let part = |g: &mut Graph, name: &str, heads: u64| {
            let all = parts::linear(g, name, &[weights, ".", name].concat(), false, x)?;
            reshape(g, &[name, "_heads"].concat(), all, &[b, t, heads, d])
        };
        let (q, k, v) = (part(g, "q", h)?, part(g, "k", groups)?, part(g, "v", groups)?);
        let q = rotary(g, "q_turned", q, sight.angles)?;
        let k = rotary(g, "k_turned", k, sight.angles)?;
        let form = AttentionForm::new(true, d, self.attention_dropout);
        let out = attend_after(g, sight.past, weights, [q, k, v], form)?;
        let out = reshape(g, "joined", out, &[b, t, h * d])?;
        parts::linear(g, "proj", &[weights, ".proj"].concat(), false, out)
    }

    fn mlp(&self, g: &mut Graph, weights: &str, x: Value) -> Result<Value, ShapeError> {
        let gate = parts::linear(g, "gate", &[weights, ".gate"].concat(), false, x)?;
        let up = parts::linear(g, "up", &[weights, ".up"].concat(), false, x)?;
        let h = swiglu(g, "swiglu", gate, up)?;
        parts::linear(g, "down", &[weights, ".down"].concat(), false, h)
    }

    fn norm(&self, g: &mut Graph, name: &str, weights: &str, x: Value) -> Result<Value, ShapeError> {
        let gain = g.weight(&[weights, ".weight"].concat())?;
        rms_norm(g, name, x, gain, self.norm_eps)
    }

    /// transformers' `LlamaConfig`.
    fn hf_config(&self) -> serde_json::Value {
        json!({
            "architectures": ["LlamaForCausalLM"],
            "attention_bias": false,
            "attention_dropout": self.attention_dropout,
            "bos_token_id": self.end_of_text,
            "eos_token_id": self.end_of_text,
            "head_dim": self.head_size,
            "hidden_act": "silu",
            "hidden_size": self.hidden,
            "initializer_range": self.init_std,
            "intermediate_size": self.mlp,
            "max_position_embeddings": self.context,
            "mlp_bias": false,
            "model_type": "llama",
            "num_attention_heads": self.heads,
            "num_hidden_layers": self.layers,
            "num_key_value_heads": self.kv_heads,
            "rms_norm_eps": self.norm_eps,
            "rope_scaling": self.rope.hf_scaling(),
            "rope_theta": self.rope.theta,
            "tie_word_embeddings": self.tied,
            "vocab_size": self.vocab,
        })
    }
}

/// Of `LlamaConfig`, what decides what is computed.
fn hf_defaults() -> serde_json::Map<String, serde_json::Value> {
    super::entries(json!({
        "attention_bias": false,
        "head_dim": null,
        "hidden_act": "silu",
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "max_position_embeddings": 2048,
        "mlp_bias": false,
        "model_type": "llama",
        "num_attention_heads": 32,
        "num_hidden_layers": 32,
        "num_key_value_heads": null,
        "rms_norm_eps": 1e-6,
        "rope_scaling": null,
        "rope_theta": 10000.0,
        "tie_word_embeddings": false,
        "vocab_size": 32000,
    }))
}

fn hf_tensor(ours: &str) -> ExchangeTensor {
    let parts: Vec<&str> = ours.split('.').collect();
    let theirs = match parts.as_slice() {
        ["embed", kind] => format!("model.embed_tokens.{kind}"),
        ["norm", kind] => format!("model.norm.{kind}"),
        ["block", layer, "norm1", kind] => format!("model.layers.{layer}.input_layernorm.{kind}"),
        ["block", layer, "norm2", kind] => format!("model.layers.{layer}.post_attention_layernorm.{kind}"),
        ["block", layer, "attn", "proj", kind] => format!("model.layers.{layer}.self_attn.o_proj.{kind}"),
        ["block", layer, "attn", name, kind] => format!("model.layers.{layer}.self_attn.{name}_proj.{kind}"),
        ["block", layer, "mlp", name, kind] => format!("model.layers.{layer}.mlp.{name}_proj.{kind}"),
        _ => "lm_head.weight".to_owned(),
    };
    ExchangeTensor { ours: ours.to_owned(), theirs, transposed: false, plus: None }
}
