//! ELECTRA (Clark et al. 2020): a small generator fills gaps, the discriminator tells which tokens it replaced; they share embeddings.
//!
//! ```text
//! e(tokens) = norm(token[tokens] + segment[0] + position)
//! generator:      x = blocks(project(e(hidden tokens)));  logits = norm(gelu(transform(x))) · tokenᵀ + bias
//! discriminator:  x = blocks(project(e(filled tokens)));  score = w · gelu(dense(x)) + b
//! ```

use super::classifier::{Activation, Body, Dense, HeadForm};
use super::detector::{Detector, GENERATOR, of_generator, projection, read_generator};
use super::encoder::{self, Embeddings, Encoder, TokenHead};
use super::inputs::Inputs;
use super::parts::{CONTEXT, NORM_EPS, WEIGHTS, WeightList, linear, size};
use super::{Architecture, Dimensions, ModelSpec, WeightSpec};
use crate::eval::{Fields, Stop};
use crate::graph::{Graph, ShapeError, Value};
use crate::ops::gelu_erf::gelu_erf;
use crate::schema::{Field, Type};
use regimen_base::data::TokenizerFacts;
use regimen_base::plan::{Exchange, ExchangeTensor};
use regimen_base::schedule::Reads;
use serde_json::json;
use std::sync::Arc;

/// An ELECTRA with all its sizes known.
#[derive(Clone, Debug, PartialEq)]
pub struct Electra {
    /// What generator and discriminator share.
    pub embeddings: Embeddings,
    /// The blocks of the generator.
    pub generator: Encoder,
    /// The blocks of the discriminator.
    pub encoder: Encoder,
}

/// The architecture's fields in the language.
#[derive(Debug)]
pub struct ElectraArchitecture;

impl Architecture for ElectraArchitecture {
    fn schema(&self) -> &'static Type {
        &TYPE
    }

    fn read(&self, fields: &Fields, _: &TokenizerFacts) -> Result<Arc<dyn ModelSpec>, Stop> {
        let encoder = Encoder::read(fields)?;
        let generator = read_generator(fields, &encoder)?;
        let embeddings = Embeddings {
            vocab: fields.u64("vocab")?,
            width: fields.u64("embedding")?,
            positions: fields.u64("context")?,
            first_position: 0,
            segments: fields.u64("segments")?,
            dropout: fields.f64("embedding_dropout")?,
            norm_eps: encoder.norm_eps,
            init_std: encoder.init_std,
        };
        Ok(Arc::new(Electra { embeddings, generator, encoder }))
    }

    fn config_sizes(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("layers", "num_hidden_layers"),
            ("heads", "num_attention_heads"),
            ("hidden", "hidden_size"),
            ("embedding", "embedding_size"),
            ("mlp", "intermediate_size"),
            ("context", "max_position_embeddings"),
            ("segments", "type_vocab_size"),
            ("vocab", "vocab_size"),
        ]
    }
}

static TYPE: Type = Type {
    name: "electra",
    doc: "ELECTRA: a discriminator of replaced tokens and the generator that replaces them. Exported is the discriminator.",
    fields: &[
        encoder::LAYERS,
        encoder::HEADS,
        encoder::HIDDEN,
        Field::required("context", CONTEXT, "Tokens it can see: the length of its position table."),
        encoder::TOKENIZER,
        encoder::MLP,
        Field::with(
            "embedding",
            size(1_000_000),
            "self.hidden",
            "Width of the embeddings that both parts share.",
        ),
        Field::with("generator_layers", size(10_000), "self.layers", "Blocks of the generator."),
        Field::required("generator_heads", size(100_000), "Attention heads of the generator."),
        Field::required(
            "generator_hidden",
            size(1_000_000),
            "Width of the generator: a quarter to a third of `hidden` works best.",
        ),
        Field::with(
            "generator_mlp",
            size(10_000_000),
            "4 * self.generator_hidden",
            "Width inside the generator's MLP.",
        ),
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

impl ModelSpec for Electra {
    fn weights(&self) -> Vec<WeightSpec> {
        let (e, c, std) = (self.embeddings.width, self.encoder.hidden, self.encoder.init_std);
        let mut list = WeightList::new(true);
        self.embeddings.weights(&mut list);
        projection(&mut list, "generator.project", (e, self.generator.hidden), std);
        self.generator.weights(&mut list, GENERATOR);
        self.token_head().weights(&mut list, std);
        projection(&mut list, "project", (e, c), std);
        self.encoder.weights(&mut list, "");
        list.linear("detector.dense", [c, c], std);
        list.linear("detector.score", [1, c], std);
        list.weights
    }

    fn forward(&self, g: &mut Graph, inputs: Inputs) -> Result<Value, ShapeError> {
        let x = self.embeddings.forward(g, inputs)?;
        let x = projected(g, "project", x, self.encoder.hidden)?;
        self.encoder.blocks(g, ("", self.generator.layers), inputs, x)
    }

    fn head(&self, g: &mut Graph, hidden: Value) -> Result<Value, ShapeError> {
        let h = linear(g, "detector.dense", "detector.dense", true, hidden)?;
        let h = gelu_erf(g, "detector.gelu", h)?;
        linear(g, "detector.score", "detector.score", true, h)
    }

    fn objectives(&self) -> &'static [&'static str] {
        &["replaced_token_detection", "classify", "reward_model"]
    }

    fn detector(&self) -> Option<&dyn Detector> {
        Some(self)
    }

    fn body(&self) -> Option<Body> {
        Some(self.body_with(HeadForm {
            reads: Reads::First,
            dense: Some(Dense { name: "classifier.dense", activation: Activation::Gelu, dropped: true }),
            score: "classifier.out_proj",
            bias: true,
            class: "ElectraForSequenceClassification",
            dropout: Some("classifier_dropout"),
            spare: &["discriminator_predictions."],
        }))
    }

    fn context(&self) -> u64 {
        self.embeddings.positions
    }

    fn vocab(&self) -> u64 {
        self.embeddings.vocab
    }

    fn dimensions(&self) -> Dimensions {
        let (e, c) = (self.embeddings.width, self.encoder.hidden);
        let project = |to: u64| if e == to { 0 } else { e * to };
        let products = self.generator.matmul_parameters() + self.encoder.matmul_parameters();
        Dimensions {
            // Both encoders as if they were one layer.
            layers: 1,
            attention_width: self.generator.layers * self.generator.hidden + self.encoder.layers * c,
            matmul_parameters: products
                + project(self.generator.hidden)
                + project(c)
                + self.token_head().matmul_parameters()
                + c * c
                + c,
        }
    }

    fn exchange(&self) -> Exchange {
        let ours = self.weights();
        let tensors = ours.iter().filter_map(|w| hf_tensor(&w.name)).collect();
        Exchange {
            config: hf_config(&self.encoder, &self.embeddings, "ElectraForPreTraining"),
            defaults: hf_defaults(),
            prefix: "electra.".to_owned(),
            tensors,
            generator: Some(of_generator(&ours, self.generator_exchange())),
            ..Exchange::default()
        }
    }
}

impl Detector for Electra {
    fn generator(&self, g: &mut Graph, inputs: Inputs) -> Result<Value, ShapeError> {
        g.scoped("generator", |g| {
            let x = self.embeddings.forward(g, inputs)?;
            let x = projected(g, "generator.project", x, self.generator.hidden)?;
            let x = self.generator.blocks(g, (GENERATOR, 0), inputs, x)?;
            self.token_head().logits(g, x)
        })
    }

    fn discriminator(&self, g: &mut Graph, inputs: Inputs) -> Result<Value, ShapeError> {
        let x = self.forward(g, inputs)?;
        self.head(g, x)
    }
}

/// `x` in the width of the blocks, where that is another.
fn projected(g: &mut Graph, weights: &str, x: Value, width: u64) -> Result<Value, ShapeError> {
    if g.size_from_end(x, 0) == width {
        return Ok(x);
    }
    linear(g, "project", weights, true, x)
}

impl Electra {
    /// The discriminator's body, with the embeddings that it shares.
    fn body_with(&self, head: HeadForm) -> Body {
        let (e, c) = (self.embeddings.width, self.encoder.hidden);
        let other =
            |name: &str| [GENERATOR, "head.", "detector."].iter().any(|begins| name.starts_with(begins));
        Body {
            weights: self.weights().into_iter().filter(|w| !other(&w.name)).collect(),
            hidden: c,
            init_std: self.encoder.init_std,
            matmul_parameters: self.encoder.matmul_parameters() + if e == c { 0 } else { e * c },
            head,
        }
    }

    fn token_head(&self) -> TokenHead {
        let Encoder { hidden, norm_eps, .. } = self.generator;
        TokenHead { from: hidden, width: self.embeddings.width, vocab: self.embeddings.vocab, norm_eps }
    }

    /// The generator as transformers' `ElectraForMaskedLM`.
    fn generator_exchange(&self) -> Exchange {
        let part = Electra { encoder: self.generator.clone(), ..self.clone() };
        let tensors = part.weights().into_iter().filter_map(|w| match w.name.strip_prefix("head.") {
            Some("bias") => Some(renamed(&w.name, "generator_lm_head.bias")),
            Some(rest) => {
                let rest = rest.replace("transform.", "dense.").replace("norm.", "LayerNorm.");
                Some(renamed(&w.name, &format!("generator_predictions.{rest}")))
            }
            None => hf_tensor(&w.name).filter(|_| !w.name.starts_with("detector.")),
        });
        Exchange {
            tensors: tensors.collect(),
            config: hf_config(&part.encoder, &self.embeddings, "ElectraForMaskedLM"),
            defaults: hf_defaults(),
            prefix: "electra.".to_owned(),
            ..Exchange::default()
        }
    }
}

/// transformers' `ElectraConfig` of a part.
fn hf_config(encoder: &Encoder, embeddings: &Embeddings, class: &str) -> serde_json::Value {
    let mut config = encoder.hf_config(embeddings.dropout);
    config.extend(super::entries(json!({
        "architectures": [class],
        "embedding_size": embeddings.width,
        "max_position_embeddings": embeddings.positions,
        "model_type": "electra",
        "type_vocab_size": embeddings.segments,
        "vocab_size": embeddings.vocab,
    })));
    config.into()
}

/// Of `ElectraConfig`, what decides what is computed.
fn hf_defaults() -> serde_json::Map<String, serde_json::Value> {
    let mut defaults = super::bert::hf_defaults();
    defaults.extend(super::entries(json!({
        "embedding_size": 128,
        "hidden_size": 256,
        "intermediate_size": 1024,
        "model_type": "electra",
        "num_attention_heads": 4,
    })));
    defaults
}

/// transformers keeps discriminators and generators apart: the generator's own weights are not exchanged.
fn hf_tensor(ours: &str) -> Option<ExchangeTensor> {
    if ours.starts_with(GENERATOR) || ours.starts_with("head.") {
        return None;
    }
    let theirs = encoder::hf_name(ours, "electra").unwrap_or_else(|| {
        let names = [
            ("project.", "electra.embeddings_project."),
            ("detector.dense.", "discriminator_predictions.dense."),
        ];
        let found = names.iter().find_map(|(a, b)| Some([*b, ours.strip_prefix(a)?].concat()));
        found
            .unwrap_or_else(|| ours.replace("detector.score.", "discriminator_predictions.dense_prediction."))
    });
    Some(renamed(ours, &theirs))
}

fn renamed(ours: &str, theirs: &str) -> ExchangeTensor {
    ExchangeTensor { ours: ours.to_owned(), theirs: theirs.to_owned(), transposed: false, plus: None }
}
