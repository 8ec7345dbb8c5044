//! BERT (Devlin et al. 2018): learned positions, norms after attention and MLP, GELU, a head that predicts hidden tokens.
//!
//! ```text
//! x = norm(token[tokens] + segment[0] + position)
//! L times:  x = norm(x + proj(attention(q(x), k(x), v(x))))
//!           x = norm(x + out(gelu(in(x))))
//! logits = norm(gelu(transform(x))) · tokenᵀ + bias
//! follows = score · tanh(dense · x₀)                        where it tells whether the second text of a pair follows the first
//! ```

use super::classifier::{Activation, Body, Dense, HeadForm};
use super::encoder::{self, Embeddings, Encoder, TokenHead};
use super::inputs::Inputs;
use super::parts::{CONTEXT, NORM_EPS, WEIGHTS, WeightList, linear};
use super::{Architecture, Dimensions, ModelSpec, WeightSpec};
use crate::eval::{Fields, Stop};
use crate::graph::{Graph, ShapeError, Value};
use crate::ops::embedding::embedding;
use crate::ops::reshape::reshape;
use crate::ops::tanh::tanh;
use crate::schema::{Field, Type};
use regimen_base::data::TokenizerFacts;
use regimen_base::plan::{Exchange, ExchangeTensor};
use regimen_base::schedule::Reads;
use serde_json::json;
use std::sync::Arc;

/// A BERT with all its sizes known.
#[derive(Clone, Debug, PartialEq)]
pub struct Bert {
    /// Token, segment and position tables, and their norm.
    pub embeddings: Embeddings,
    /// The blocks.
    pub encoder: Encoder,
    /// Whether it tells whether the second text of a pair follows the first.
    pub next_sentence: bool,
}

/// The architecture's fields in the language.
#[derive(Debug)]
pub struct BertArchitecture;

impl Architecture for BertArchitecture {
    fn schema(&self) -> &'static Type {
        &TYPE
    }

    fn read(&self, fields: &Fields, _: &TokenizerFacts) -> Result<Arc<dyn ModelSpec>, Stop> {
        let encoder = Encoder::read(fields)?;
        let embeddings = Embeddings {
            vocab: fields.u64("vocab")?,
            width: encoder.hidden,
            positions: fields.u64("context")?,
            first_position: 0,
            segments: fields.u64("segments")?,
            dropout: fields.f64("embedding_dropout")?,
            norm_eps: encoder.norm_eps,
            init_std: encoder.init_std,
        };
        Ok(Arc::new(Bert { embeddings, encoder, next_sentence: false }))
    }

    fn config_sizes(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("layers", "num_hidden_layers"),
            ("heads", "num_attention_heads"),
            ("hidden", "hidden_size"),
            ("mlp", "intermediate_size"),
            ("context", "max_position_embeddings"),
            ("segments", "type_vocab_size"),
            ("vocab", "vocab_size"),
        ]
    }
}

static TYPE: Type = Type {
    name: "bert",
    doc: "BERT: learned positions, norms after attention and MLP, every token sees all others.",
    fields: &[
        encoder::LAYERS,
        encoder::HEADS,
        encoder::HIDDEN,
        Field::required("context", CONTEXT, "Tokens it can see: the length of its position table."),
        encoder::TOKENIZER,
        encoder::MLP,
        encoder::VOCAB,
        encoder::SEGMENTS,
        encoder::ALL_DROPOUTS,
        encoder::EMBEDDING_DROPOUT,
        encoder::ATTENTION_DROPOUT,
        encoder::HIDDEN_DROPOUT,
        Field::with("norm_eps", NORM_EPS, "1e-12", "Added to the variance in norms."),
        encoder::INIT_STD,
        WEIGHTS,
    ],
};

impl ModelSpec for Bert {
    fn weights(&self) -> Vec<WeightSpec> {
        let mut list = WeightList::new(true);
        self.embeddings.weights(&mut list);
        self.encoder.weights(&mut list, "");
        self.token_head().weights(&mut list, self.encoder.init_std);
        if self.next_sentence {
            let (c, std) = (self.encoder.hidden, self.encoder.init_std);
            list.linear("next_sentence.dense", [c, c], std);
            list.linear("next_sentence.score", [2, c], std);
        }
        list.weights
    }

    fn forward(&self, g: &mut Graph, inputs: Inputs) -> Result<Value, ShapeError> {
        let x = self.embeddings.forward(g, inputs)?;
        self.encoder.blocks(g, ("", 0), inputs, x)
    }

    fn head(&self, g: &mut Graph, hidden: Value) -> Result<Value, ShapeError> {
        self.token_head().logits(g, hidden)
    }

    fn with_next_sentence(&self) -> Option<Arc<dyn ModelSpec>> {
        Some(Arc::new(Bert { next_sentence: true, ..self.clone() }))
    }

    fn text_types(&self) -> u64 {
        self.embeddings.segments
    }

    fn follows(&self, g: &mut Graph, hidden: Value, rows: Value) -> Result<Value, ShapeError> {
        let [b, t, c] = [0, 1, 2].map(|i| g.ty(hidden).shape.get(i).copied().unwrap_or(1));
        let states = reshape(g, "states", hidden, &[b * t, c])?;
        let first = embedding(g, "summary", states, rows)?;
        let h = linear(g, "next_sentence.dense", "next_sentence.dense", true, first)?;
        let h = tanh(g, "next_sentence.tanh", h)?;
        linear(g, "next_sentence.logits", "next_sentence.score", true, h)
    }

    fn fresh(&self) -> Vec<String> {
        self.weights().into_iter().map(|w| w.name).filter(|name| name.starts_with("next_sentence.")).collect()
    }

    fn objectives(&self) -> &'static [&'static str] {
        &["masked_lm", "classify", "reward_model"]
    }

    fn body(&self) -> Option<Body> {
        Some(self.body_with(HeadForm {
            reads: Reads::First,
            dense: Some(Dense { name: "bert.pooler.dense", activation: Activation::Tanh, dropped: false }),
            score: "classifier",
            bias: true,
            class: "BertForSequenceClassification",
            dropout: Some("classifier_dropout"),
            spare: &["cls."],
        }))
    }

    fn context(&self) -> u64 {
        self.embeddings.positions
    }

    fn vocab(&self) -> u64 {
        self.embeddings.vocab
    }

    fn dimensions(&self) -> Dimensions {
        Dimensions {
            layers: self.encoder.layers,
            attention_width: self.encoder.hidden,
            matmul_parameters: self.encoder.matmul_parameters() + self.token_head().matmul_parameters(),
        }
    }

    fn exchange(&self) -> Exchange {
        let tensors = self.weights().iter().map(|w| hf_tensor(&w.name)).collect();
        Exchange {
            config: self.hf_config(),
            defaults: hf_defaults(),
            prefix: "bert.".to_owned(),
            tensors,
            spare: if self.next_sentence {
                vec![]
            } else {
                ["bert.pooler.", "cls.seq_relationship."].map(str::to_owned).to_vec()
            },
            ..Exchange::default()
        }
    }
}

impl Bert {
    /// What a classifier with this head is built on.
    pub fn body_with(&self, head: HeadForm) -> Body {
        Body {
            weights: Bert { next_sentence: false, ..self.clone() }
                .weights()
                .into_iter()
                .filter(|w| !w.name.starts_with("head."))
                .collect(),
            hidden: self.encoder.hidden,
            init_std: self.encoder.init_std,
            matmul_parameters: self.encoder.matmul_parameters(),
            head,
        }
    }

    fn token_head(&self) -> TokenHead {
        let Encoder { hidden, norm_eps, .. } = self.encoder;
        TokenHead { from: hidden, width: hidden, vocab: self.embeddings.vocab, norm_eps }
    }

    /// transformers' `BertConfig`.
    fn hf_config(&self) -> serde_json::Value {
        let mut config = self.encoder.hf_config(self.embeddings.dropout);
        config.extend(super::entries(json!({
            "architectures": [if self.next_sentence { "BertForPreTraining" } else { "BertForMaskedLM" }],
            "max_position_embeddings": self.embeddings.positions,
            "model_type": "bert",
            "type_vocab_size": self.embeddings.segments,
            "vocab_size": self.embeddings.vocab,
        })));
        config.into()
    }
}

/// Of `BertConfig`, what decides what is computed.
pub fn hf_defaults() -> serde_json::Map<String, serde_json::Value> {
    super::entries(json!({
        "hidden_act": "gelu",
        "hidden_size": 768,
        "intermediate_size": 3072,
        "is_decoder": false,
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": 512,
        "model_type": "bert",
        "num_attention_heads": 12,
        "num_hidden_layers": 12,
        "tie_word_embeddings": true,
        "type_vocab_size": 2,
        "vocab_size": 30522,
    }))
}

fn hf_tensor(ours: &str) -> ExchangeTensor {
    let theirs = encoder::hf_name(ours, "bert").unwrap_or_else(|| match ours.split_once('.') {
        Some(("next_sentence", rest)) if rest.starts_with("dense.") => format!("bert.pooler.{rest}"),
        Some(("next_sentence", rest)) => rest.replace("score.", "cls.seq_relationship."),
        Some((_, "bias")) => "cls.predictions.bias".to_owned(),
        Some((_, rest)) => {
            let rest = rest.replace("transform.", "dense.").replace("norm.", "LayerNorm.");
            format!("cls.predictions.transform.{rest}")
        }
        None => ours.to_owned(),
    });
    ExchangeTensor { ours: ours.to_owned(), theirs, transposed: false, plus: None }
}
