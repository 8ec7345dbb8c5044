//! RoBERTa (Liu et al. 2019): BERT without segments; the position table begins with the rows of padding.
//!
//! The forward pass is BERT's, with `position` from row 2 on.

use super::bert::Bert;
use super::classifier::{Activation, Body, Dense, HeadForm};
use super::encoder::{self, Embeddings, Encoder};
use super::inputs::Inputs;
use super::parts::{CONTEXT, NORM_EPS, WEIGHTS};
use super::{Architecture, Dimensions, ModelSpec, WeightSpec};
use crate::eval::{Fields, Stop};
use crate::graph::{Graph, ShapeError, Value};
use crate::schema::{Field, Type};
use regimen_base::data::TokenizerFacts;
use regimen_base::plan::{Exchange, ExchangeTensor, FixedPadding};
use regimen_base::schedule::Reads;
use serde_json::json;
use std::sync::Arc;

/// Id of padding; positions are counted from the row after it.
const PADDING: u64 = 1;

/// A RoBERTa with all its sizes known.
#[derive(Clone, Debug, PartialEq)]
pub struct Roberta(pub Bert);

impl Roberta {
    /// RoBERTa's embeddings over these blocks.
    pub fn new(encoder: Encoder, vocab: u64, context: u64, dropout: f64) -> Roberta {
        let embeddings = Embeddings {
            vocab,
            width: encoder.hidden,
            positions: context + PADDING + 1,
            first_position: PADDING + 1,
            segments: 1,
            dropout,
            norm_eps: encoder.norm_eps,
            init_std: encoder.init_std,
        };
        Roberta(Bert { embeddings, encoder, next_sentence: false })
    }
}

/// The architecture's fields in the language.
#[derive(Debug)]
pub struct RobertaArchitecture;

impl Architecture for RobertaArchitecture {
    fn schema(&self) -> &'static Type {
        &TYPE
    }

    fn read(&self, fields: &Fields, _: &TokenizerFacts) -> Result<Arc<dyn ModelSpec>, Stop> {
        let (vocab, context) = (fields.u64("vocab")?, fields.u64("context")?);
        let dropout = fields.f64("embedding_dropout")?;
        Ok(Arc::new(Roberta::new(Encoder::read(fields)?, vocab, context, dropout)))
    }

    fn config_sizes(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("layers", "num_hidden_layers"),
            ("heads", "num_attention_heads"),
            ("hidden", "hidden_size"),
            ("mlp", "intermediate_size"),
            ("vocab", "vocab_size"),
        ]
    }
}

static TYPE: Type = Type {
    name: "roberta",
    doc: "RoBERTa: BERT without segments; its position table has two more rows than tokens.",
    fields: &[
        encoder::LAYERS,
        encoder::HEADS,
        encoder::HIDDEN,
        Field::required(
            "context",
            CONTEXT,
            "Tokens it can see; transformers' `max_position_embeddings` is two more.",
        ),
        encoder::TOKENIZER,
        encoder::MLP,
        encoder::VOCAB,
        encoder::ALL_DROPOUTS,
        encoder::EMBEDDING_DROPOUT,
        encoder::ATTENTION_DROPOUT,
        encoder::HIDDEN_DROPOUT,
        Field::with("norm_eps", NORM_EPS, "1e-5", "Added to the variance in norms."),
        encoder::INIT_STD,
        WEIGHTS,
    ],
};

impl ModelSpec for Roberta {
    fn weights(&self) -> Vec<WeightSpec> {
        self.0.weights()
    }

    fn forward(&self, g: &mut Graph, inputs: Inputs) -> Result<Value, ShapeError> {
        self.0.forward(g, inputs)
    }

    fn head(&self, g: &mut Graph, hidden: Value) -> Result<Value, ShapeError> {
        self.0.head(g, hidden)
    }

    fn objectives(&self) -> &'static [&'static str] {
        self.0.objectives()
    }

    fn body(&self) -> Option<Body> {
        Some(self.0.body_with(HeadForm {
            reads: Reads::First,
            dense: Some(Dense { name: "classifier.dense", activation: Activation::Tanh, dropped: true }),
            score: "classifier.out_proj",
            bias: true,
            class: "RobertaForSequenceClassification",
            dropout: Some("classifier_dropout"),
            spare: &["lm_head."],
        }))
    }

    fn context(&self) -> u64 {
        self.0.embeddings.positions - self.0.embeddings.first_position
    }

    fn vocab(&self) -> u64 {
        self.0.vocab()
    }

    fn dimensions(&self) -> Dimensions {
        self.0.dimensions()
    }

    fn exchange(&self) -> Exchange {
        let mut config = self.0.encoder.hf_config(self.0.embeddings.dropout);
        config.extend(super::entries(json!({
            "architectures": ["RobertaForMaskedLM"],
            "max_position_embeddings": self.0.embeddings.positions,
            "model_type": "roberta",
            "pad_token_id": PADDING,
            "type_vocab_size": self.0.embeddings.segments,
            "vocab_size": self.0.embeddings.vocab,
        })));
        let mut defaults = super::bert::hf_defaults();
        defaults.extend(super::entries(json!({
            "model_type": "roberta",
            "pad_token_id": PADDING,
            "vocab_size": 50265,
        })));
        let tensors = self.weights().iter().map(|w| hf_tensor(&w.name)).collect();
        Exchange {
            config: config.into(),
            defaults,
            prefix: "roberta.".to_owned(),
            tensors,
            spare: ["roberta.pooler."].map(str::to_owned).to_vec(),
            padding: Some(FixedPadding {
                id: PADDING as u32,
                weights: ["embed.token.weight", "head.bias"].map(str::to_owned).to_vec(),
            }),
            ..Exchange::default()
        }
    }
}

fn hf_tensor(ours: &str) -> ExchangeTensor {
    let theirs = encoder::hf_name(ours, "roberta").unwrap_or_else(|| {
        ours.replace("head.transform.", "lm_head.dense.")
            .replace("head.norm.", "lm_head.layer_norm.")
            .replace("head.bias", "lm_head.bias")
    });
    ExchangeTensor { ours: ours.to_owned(), theirs, transposed: false, plus: None }
}
