//! GPT-2 (Radford et al. 2019): learned positions, pre-norm blocks, GELU, tied embeddings.
//!
//! ```text
//! x = wte[tokens] + wpe
//! L times:  x = x + proj(attention(qkv(norm(x))))
//!           x = x + out(gelu(in(norm(x))))
//! logits = norm(x) · wteᵀ
//! ```

use super::classifier::{Body, HeadForm};
use super::inputs::Inputs;
use super::parts::{self, CONTEXT, DROPOUT, NORM_EPS, WEIGHTS, WeightList, size};
use super::past::{CacheSizes, Past, attend_after};
use super::{Architecture, Dimensions, ModelSpec, WeightSpec};
use crate::eval::{Fields, Stop};
use crate::graph::{Graph, ShapeError, Value};
use crate::ops::add::add;
use crate::ops::attention::AttentionForm;
use crate::ops::dropout::dropout;
use crate::ops::embedding::embedding;
use crate::ops::gelu::gelu;
use crate::ops::linear::linear;
use crate::ops::reshape::reshape;
use crate::ops::split::split;
use crate::schema::{Field, Number, Ty, Type};
use regimen_base::data::TokenizerFacts;
use regimen_base::plan::{Exchange, ExchangeTensor};
use regimen_base::schedule::Reads;
use serde_json::json;
use std::sync::Arc;

/// A GPT-2 with all its sizes known.
#[derive(Clone, Debug, PartialEq)]
pub struct Gpt {
    /// L
    pub layers: u64,
    /// H
    pub heads: u64,
    /// C; a multiple of the heads.
    pub hidden: u64,
    /// Width inside the MLP, usually 4·C.
    pub mlp: u64,
    /// T
    pub context: u64,
    /// V, at least that of the tokenizer.
    pub vocab: u64,
    /// Whether linear layers and norms have biases.
    pub bias: bool,
    /// Whether the head shares the token embedding.
    pub tied: bool,
    /// Dropout after the embeddings.
    pub embedding_dropout: f64,
    /// Dropout on the attention weights.
    pub attention_dropout: f64,
    /// Dropout on what a block adds.
    pub residual_dropout: f64,
    /// Added to the variance in norms.
    pub norm_eps: f64,
    /// Standard deviation of initial weights; what a block adds starts smaller by √(2L).
    pub init_std: f64,
    /// Id of the token between documents, for the exchange format.
    pub end_of_text: u32,
}

/// The architecture's fields in the language.
#[derive(Debug)]
pub struct GptArchitecture;

impl Architecture for GptArchitecture {
    fn schema(&self) -> &'static Type {
        &TYPE
    }

    fn read(&self, fields: &Fields, tokenizer: &TokenizerFacts) -> Result<Arc<dyn ModelSpec>, Stop> {
        Ok(Arc::new(Gpt {
            layers: fields.u64("layers")?,
            heads: fields.u64("heads")?,
            hidden: fields.u64("hidden")?,
            mlp: fields.u64("mlp")?,
            context: fields.u64("context")?,
            vocab: fields.u64("vocab")?,
            bias: fields.bool("bias")?,
            tied: fields.bool("tied")?,
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
            ("layers", "n_layer"),
            ("heads", "n_head"),
            ("hidden", "n_embd"),
            ("context", "n_positions"),
            ("vocab", "vocab_size"),
            ("mlp", "n_inner"),
        ]
    }
}

static TYPE: Type = Type {
    name: "gpt",
    doc: "GPT-2: learned positions, norms before attention and MLP, GELU, tied embeddings.",
    fields: &[
        Field::required("layers", size(10_000), "Blocks."),
        Field::required("heads", size(100_000), "Attention heads; they divide `hidden`."),
        Field::required("hidden", size(1_000_000), "Width of the residual stream."),
        Field::required("context", CONTEXT, "Tokens it can see: the length of its position table."),
        Field::required("tokenizer", Ty::Ref("tokenizer"), "How its text becomes tokens."),
        Field::with("mlp", size(10_000_000), "4 * self.hidden", "Width inside the MLP."),
        Field::with(
            "vocab",
            size(100_000_000),
            "self.tokenizer.vocab",
            "Rows of the embedding table; more than the tokenizer has is padding, fewer is an error.",
        ),
        Field::with("bias", Ty::Bool, "true", "Whether linear layers and norms have biases."),
        Field::with("tied", Ty::Bool, "true", "Whether the head shares the token embedding."),
        Field::with("dropout", DROPOUT, "0%", "Default of the three dropouts below."),
        Field::with("embedding_dropout", DROPOUT, "self.dropout", "After the embeddings."),
        Field::with("attention_dropout", DROPOUT, "self.dropout", "On the attention weights."),
        Field::with("residual_dropout", DROPOUT, "self.dropout", "On what attention and MLP add."),
        Field::with("norm_eps", NORM_EPS, "1e-5", "Added to the variance in norms."),
        Field::with(
            "init_std",
            Ty::Number(Number::plain()),
            "0.02",
            "Standard deviation of initial weights; what a block adds starts smaller by the root of twice the layers.",
        ),
        WEIGHTS,
    ],
};

impl ModelSpec for Gpt {
    fn weights(&self) -> Vec<WeightSpec> {
        let c = self.hidden;
        let residual_std = self.init_std / (2.0 * self.layers as f64).sqrt();
        let mut list = WeightList::new(self.bias);
        list.matrix("wte", [self.vocab, c], self.init_std);
        list.matrix("wpe", [self.context, c], self.init_std);
        for layer in 0..self.layers {
            let block = format!("block.{layer}.");
            let name = |part: &str| [&block, part].concat();
            list.norm(&name("norm1"), c);
            list.linear(&name("attn.qkv"), [3 * c, c], self.init_std);
            list.linear(&name("attn.proj"), [c, c], residual_std);
            list.norm(&name("norm2"), c);
            list.linear(&name("mlp.in"), [self.mlp, c], self.init_std);
            list.linear(&name("mlp.out"), [c, self.mlp], residual_std);
        }
        list.norm("norm", c);
        if !self.tied {
            list.matrix("head", [self.vocab, c], self.init_std);
        }
        list.weights
    }

    fn forward(&self, g: &mut Graph, inputs: Inputs) -> Result<Value, ShapeError> {
        self.after(g, inputs.tokens, Past::none(inputs))
    }

    fn cache(&self) -> Option<CacheSizes> {
        let head_size = self.hidden / self.heads.max(1);
        Some(CacheSizes { layers: self.layers, heads: self.heads, head_size })
    }

    fn extend(&self, g: &mut Graph, tokens: Value, positions: Value) -> Result<Value, ShapeError> {
        self.after(g, tokens, Past::Cached { positions })
    }

    fn head(&self, g: &mut Graph, hidden: Value) -> Result<Value, ShapeError> {
        let weight = g.weight(if self.tied { "wte.weight" } else { "head.weight" })?;
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
                class: "GPT2ForSequenceClassification",
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
        let c = self.hidden;
        let block = 4 * c * c + 2 * c * self.mlp;
        Dimensions {
            layers: self.layers,
            attention_width: c,
            matmul_parameters: self.layers * block + self.vocab * c,
        }
    }

    fn exchange(&self) -> Exchange {
        Exchange {
            config: self.hf_config(),
            defaults: hf_defaults(),
            prefix: "transformer.".to_owned(),
            tensors: self.hf_tensors(),
            ..Exchange::default()
        }
    }
}

impl Gpt {
    fn after(&self, g: &mut Graph, tokens: Value, past: Past) -> Result<Value, ShapeError> {
        let t = g.size_from_end(tokens, 0);
        let wte = g.weight("wte.weight")?;
        let wpe = g.weight("wpe.weight")?;
        let mut x = embedding(g, "embed", wte, tokens)?;
        let positions = parts::positions(g, wpe, 0, t, past.positions())?;
        x = add(g, "embed_at", x, positions)?;
        x = dropout(g, "embed_dropout", x, self.embedding_dropout)?;
        for layer in 0..self.layers {
            let name = format!("block.{layer}");
            x = g.in_segment(layer as u32, |g| g.scoped(name.clone(), |g| self.block(g, &name, x, past)))?;
        }
        self.norm(g, "norm", "norm", x)
    }

    fn block(&self, g: &mut Graph, weights: &str, x: Value, past: Past) -> Result<Value, ShapeError> {
        let h = self.norm(g, "norm1", &[weights, ".norm1"].concat(), x)?;
        let h = g.scoped("attn", |g| self.attention(g, &[weights, ".attn"].concat(), h, past))?;
        let h = dropout(g, "attn.dropout", h, self.residual_dropout)?;
        let x = add(g, "attn.residual", h, x)?;
        let h = self.norm(g, "norm2", &[weights, ".norm2"].concat(), x)?;
        let h = g.scoped("mlp", |g| self.mlp(g, &[weights, ".mlp"].concat(), h))?;
        let h = dropout(g, "mlp.dropout", h, self.residual_dropout)?;
        add(g, "mlp.residual", h, x)
    }

    fn attention(&self, g: &mut Graph, weights: &str, x: Value, past: Past) -> Result<Value, ShapeError> {
        let shape = g.ty(x).shape.clone();
        let (b, t, c) = (shape[0], shape[1], self.hidden);
        let d = c / self.heads;
        let qkv = self.linear(g, "qkv", &[weights, ".qkv"].concat(), x)?;
        let parts = split(g, "qkv.parts", qkv, 2, &[c, c, c])?;
        let q = reshape(g, "q", parts[0], &[b, t, self.heads, d])?;
        let k = reshape(g, "k", parts[1], &[b, t, self.heads, d])?;
        let v = reshape(g, "v", parts[2], &[b, t, self.heads, d])?;
        let form = AttentionForm::new(true, d, self.attention_dropout);
        let out = attend_after(g, past, weights, [q, k, v], form)?;
        let out = reshape(g, "joined", out, &[b, t, c])?;
        self.linear(g, "proj", &[weights, ".proj"].concat(), out)
    }

    fn mlp(&self, g: &mut Graph, weights: &str, x: Value) -> Result<Value, ShapeError> {
        let h = self.linear(g, "in", &[weights, ".in"].concat(), x)?;
        let h = gelu(g, "gelu", h)?;
        self.linear(g, "out", &[weights, ".out"].concat(), h)
    }

    fn linear(&self, g: &mut Graph, name: &str, weights: &str, x: Value) -> Result<Value, ShapeError> {
        parts::linear(g, name, weights, self.bias, x)
    }

    fn norm(&self, g: &mut Graph, name: &str, weights: &str, x: Value) -> Result<Value, ShapeError> {
        parts::norm(g, name, weights, self.bias, x, self.norm_eps)
    }

    /// transformers' `GPT2Config`.
    fn hf_config(&self) -> serde_json::Value {
        json!({
            "activation_function": "gelu_new",
            "architectures": ["GPT2LMHeadModel"],
            "attn_pdrop": self.attention_dropout,
            "bos_token_id": self.end_of_text,
            "embd_pdrop": self.embedding_dropout,
            "eos_token_id": self.end_of_text,
            "initializer_range": self.init_std,
            "layer_norm_epsilon": self.norm_eps,
            "model_type": "gpt2",
            "n_ctx": self.context,
            "n_embd": self.hidden,
            "n_head": self.heads,
            "n_inner": self.mlp,
            "n_layer": self.layers,
            "n_positions": self.context,
            "resid_pdrop": self.residual_dropout,
            "scale_attn_weights": true,
            "tie_word_embeddings": self.tied,
            "vocab_size": self.vocab,
        })
    }

    /// transformers' names; its `Conv1D` stores weights `[in, out]`.
    fn hf_tensors(&self) -> Vec<ExchangeTensor> {
        self.weights().into_iter().map(|w| hf_tensor(&w.name)).collect()
    }
}

/// Of `GPT2Config`, what decides what is computed. Dropout rates, ids and versions are about training or bookkeeping.
fn hf_defaults() -> serde_json::Map<String, serde_json::Value> {
    super::entries(json!({
        "activation_function": "gelu_new",
        "layer_norm_epsilon": 1e-5,
        "model_type": "gpt2",
        "n_embd": 768,
        "n_head": 12,
        "n_inner": null,
        "n_layer": 12,
        "n_positions": 1024,
        "scale_attn_by_inverse_layer_idx": false,
        "scale_attn_weights": true,
        "tie_word_embeddings": true,
        "vocab_size": 50257,
    }))
}

fn hf_tensor(ours: &str) -> ExchangeTensor {
    let parts: Vec<&str> = ours.split('.').collect();
    let (theirs, transposed) = match parts.as_slice() {
        ["wte" | "wpe", kind] => (format!("transformer.{}.{kind}", parts[0]), false),
        ["norm", kind] => (format!("transformer.ln_f.{kind}"), false),
        ["block", layer, "norm1", kind] => (format!("transformer.h.{layer}.ln_1.{kind}"), false),
        ["block", layer, "norm2", kind] => (format!("transformer.h.{layer}.ln_2.{kind}"), false),
        ["block", layer, part, name, kind] => {
            let module = match (*part, *name) {
                ("attn", "qkv") => "attn.c_attn",
                ("attn", _) => "attn.c_proj",
                (_, "in") => "mlp.c_fc",
                _ => "mlp.c_proj",
            };
            (format!("transformer.h.{layer}.{module}.{kind}"), *kind == "weight")
        }
        _ => ("lm_head.weight".to_string(), false),
    };
    ExchangeTensor { ours: ours.to_string(), theirs, transposed, plus: None }
}
