//! DeBERTa v2 and v3 (He et al. 2020, 2021): contents and relative positions attend to each other apart; absolute positions come in
//! last, to tell hidden tokens from each other.
//!
//! ```text
//! x = norm(token[tokens])
//! L − 1 times:  x = block(x)                      with disentangled attention
//! q = x + position;  twice:  q = last block(queries from q, keys and values from x)
//! logits = norm(gelu(transform(q))) · tokenᵀ + bias
//! ```
//!
//! With a generator it is v3's: the generator is as above, and the discriminator
//! `x = L blocks(norm(stopped(token)[tokens] + delta[tokens]));  score = w · gelu(dense(norm(x + x₀))) + b`.

use super::classifier::{Activation, Body, Dense, HeadForm};
use super::detector::{Detector, GENERATOR, of_generator};
use super::disentangled::{Convolution, Disentangled, Positions};
use super::encoder::{self, Encoder, TokenHead};
use super::inputs::Inputs;
use super::parts::{self, CONTEXT, NORM_EPS, WEIGHTS, WeightList, linear, norm, size};
use super::{Architecture, Dimensions, ModelSpec, WeightSpec};
use crate::eval::{Fields, Stop};
use crate::graph::{Graph, ShapeError, Value};
use crate::ops::add::add;
use crate::ops::contiguous::contiguous;
use crate::ops::dropout::dropout;
use crate::ops::embedding::embedding;
use crate::ops::gelu_erf::gelu_erf;
use crate::ops::repeat_heads::repeat_heads;
use crate::ops::reshape::reshape;
use crate::ops::split::split;
use crate::schema::{Field, Ty, Type, Word};
use regimen_base::data::TokenizerFacts;
use regimen_base::plan::{Exchange, ExchangeTensor};
use regimen_base::schedule::Reads;
use serde_json::json;
use std::sync::Arc;

/// A DeBERTa with all its sizes known.
#[derive(Clone, Debug, PartialEq)]
pub struct Deberta {
    /// V
    pub vocab: u64,
    /// T
    pub context: u64,
    /// The blocks; those of the discriminator if there is a generator.
    pub blocks: Disentangled,
    /// The blocks of the generator, of the same width.
    pub generator: Option<Disentangled>,
    /// Whether absolute positions help to tell hidden tokens from each other.
    pub enhanced: bool,
    /// Dropout after the embeddings.
    pub embedding_dropout: f64,
}

/// The architecture's fields in the language.
#[derive(Debug)]
pub struct DebertaArchitecture;

impl Architecture for DebertaArchitecture {
    fn schema(&self) -> &'static Type {
        &TYPE
    }

    fn read(&self, fields: &Fields, _: &TokenizerFacts) -> Result<Arc<dyn ModelSpec>, Stop> {
        let buckets = fields.optional_quantity("buckets")?.and_then(|q| q.ceil_u64());
        let (context, shared_keys) = (fields.u64("context")?, fields.bool("shared_keys")?);
        let encoder = Encoder::read(fields)?;
        let generator = fields.optional_quantity("generator_layers")?.and_then(|q| q.ceil_u64());
        let width = fields.optional_quantity("convolution")?.and_then(|q| q.ceil_u64());
        let activation = match fields.word("convolution_activation")? {
            "gelu" => Activation::Gelu,
            _ => Activation::Tanh,
        };
        let convolution = width.map(|width| Convolution { width, activation });
        let blocks = |encoder| Disentangled { encoder, buckets, farthest: context, shared_keys, convolution };
        Ok(Arc::new(Deberta {
            vocab: fields.u64("vocab")?,
            context,
            generator: generator.map(|layers| blocks(Encoder { layers, ..encoder.clone() })),
            blocks: blocks(encoder),
            enhanced: fields.word("mask_decoder")? == "enhanced",
            embedding_dropout: fields.f64("embedding_dropout")?,
        }))
    }

    fn config_sizes(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("layers", "num_hidden_layers"),
            ("heads", "num_attention_heads"),
            ("hidden", "hidden_size"),
            ("mlp", "intermediate_size"),
            ("context", "max_position_embeddings"),
            ("buckets", "position_buckets"),
            ("vocab", "vocab_size"),
        ]
    }
}

static TYPE: Type = Type {
    name: "deberta",
    doc: "DeBERTa v2 and v3: attention to contents and to relative positions apart. With a generator it detects replaced tokens.",
    fields: &[
        encoder::LAYERS,
        encoder::HEADS,
        encoder::HIDDEN,
        Field::required("context", CONTEXT, "Tokens it can see."),
        encoder::TOKENIZER,
        encoder::MLP,
        encoder::VOCAB,
        Field::optional(
            "buckets",
            size(1_000_000),
            "Rows of the table of relative positions in each direction, shared logarithmically; without it, one for each distance.",
        ),
        Field::with(
            "shared_keys",
            Ty::Bool,
            "true",
            "Whether contents and positions share the projections to queries and keys.",
        ),
        Field::optional(
            "convolution",
            size(1_001),
            "Tokens that a convolution after the first block sees at once, an odd number; 3 in the largest models of v2, none in v3.",
        ),
        Field::with(
            "convolution_activation",
            Ty::Words(ACTIVATIONS),
            "tanh",
            "What follows the convolution.",
        ),
        Field::with("mask_decoder", Ty::Words(DECODERS), "enhanced", "How hidden tokens are predicted."),
        Field::optional(
            "generator_layers",
            size(10_000),
            "Blocks of a generator of the same width, half of `layers` in v3; with it the model detects replaced tokens.",
        ),
        encoder::ALL_DROPOUTS,
        encoder::EMBEDDING_DROPOUT,
        encoder::ATTENTION_DROPOUT,
        encoder::HIDDEN_DROPOUT,
        Field::with("norm_eps", NORM_EPS, "1e-7", "Added to the variance in norms."),
        encoder::INIT_STD,
        WEIGHTS,
    ],
};

const ACTIVATIONS: &[Word] = &[
    Word { name: "tanh", doc: "as a configuration has it that does not say" },
    Word { name: "gelu", doc: "as the published models have it" },
];

const DECODERS: &[Word] = &[
    Word {
        name: "enhanced",
        doc: "with absolute positions: the last block runs twice, with queries that know where they are",
    },
    Word { name: "plain", doc: "from the last block, as transformers has it" },
];

impl ModelSpec for Deberta {
    fn weights(&self) -> Vec<WeightSpec> {
        let Encoder { hidden, init_std, .. } = self.blocks.encoder;
        let mut list = WeightList::new(true);
        list.matrix("embed.token", [self.vocab, hidden], init_std);
        if self.enhanced {
            list.matrix("embed.position", [self.context, hidden], init_std);
        }
        if let Some(generator) = &self.generator {
            list.norm("generator.embed.norm", hidden);
            generator.weights(&mut list, GENERATOR);
            self.token_head().weights(&mut list, init_std);
            list.zeros("embed.delta", [self.vocab, hidden]);
        }
        list.norm("embed.norm", hidden);
        self.blocks.weights(&mut list, "");
        if self.generator.is_none() {
            self.token_head().weights(&mut list, init_std);
        } else {
            list.norm("detector.norm", hidden);
            list.linear("detector.dense", [hidden, hidden], init_std);
            list.linear("detector.score", [1, hidden], init_std);
        }
        list.weights
    }

    fn forward(&self, g: &mut Graph, inputs: Inputs) -> Result<Value, ShapeError> {
        match &self.generator {
            None => self.decoded(g, "", &self.blocks, inputs),
            Some(generator) => {
                let x = self.disentangled_look_up(g, inputs.tokens)?;
                let x = self.embedded(g, "", x)?;
                let positions = self.blocks.positions(g, "", inputs)?;
                let place = ("", generator.encoder.layers);
                self.blocks.blocks(g, place, positions, self.blocks.encoder.layers, x)
            }
        }
    }

    fn head(&self, g: &mut Graph, hidden: Value) -> Result<Value, ShapeError> {
        if self.generator.is_none() {
            return self.token_head().logits(g, hidden);
        }
        let first = repeated_first(g, hidden)?;
        let h = add(g, "detector.residual", hidden, first)?;
        let h = norm(g, "detector.norm", "detector.norm", true, h, self.blocks.encoder.norm_eps)?;
        let h = linear(g, "detector.dense", "detector.dense", true, h)?;
        let h = gelu_erf(g, "detector.gelu", h)?;
        linear(g, "detector.score", "detector.score", true, h)
    }

    fn objectives(&self) -> &'static [&'static str] {
        match self.generator {
            Some(_) => &["replaced_token_detection"],
            None => &["masked_lm", "classify", "reward_model"],
        }
    }

    fn detector(&self) -> Option<&dyn Detector> {
        self.generator.is_some().then_some(self)
    }

    /// A detector's embeddings are the sum of two tables, only one of which it trains: its classifier begins from the exported model, where
    /// they are one.
    fn body(&self) -> Option<Body> {
        let Encoder { hidden, init_std, .. } = self.blocks.encoder;
        let other = |name: &str| name.starts_with("head.") || name == "embed.position.weight";
        self.generator.is_none().then(|| Body {
            weights: self.weights().into_iter().filter(|w| !other(&w.name)).collect(),
            hidden,
            init_std,
            matmul_parameters: self.blocks.matmul_parameters(),
            head: HeadForm {
                reads: Reads::First,
                dense: Some(Dense { name: "pooler.dense", activation: Activation::Gelu, dropped: false }),
                score: "classifier",
                bias: true,
                class: "DebertaV2ForSequenceClassification",
                dropout: Some("cls_dropout"),
                spare: &["cls.", "deberta.embeddings.position_embeddings."],
            },
        })
    }

    fn states(&self, g: &mut Graph, inputs: Inputs) -> Result<Value, ShapeError> {
        // Absolute positions are for telling hidden tokens from each other.
        Deberta { enhanced: false, ..self.clone() }.forward(g, inputs)
    }

    fn context(&self) -> u64 {
        self.context
    }

    fn vocab(&self) -> u64 {
        self.vocab
    }

    fn dimensions(&self) -> Dimensions {
        let c = self.blocks.encoder.hidden;
        let generator = self.generator.as_ref().map_or(0, |g| g.matmul_parameters() + c * c + c);
        let layers = self.blocks.encoder.layers + self.generator.as_ref().map_or(0, |g| g.encoder.layers);
        let head = self.token_head().matmul_parameters();
        Dimensions {
            layers,
            attention_width: c,
            matmul_parameters: self.blocks.matmul_parameters() + generator + head,
        }
    }

    fn exchange(&self) -> Exchange {
        let detects = self.generator.is_some();
        let ours = self.weights();
        let tensors = ours.iter().filter_map(|w| hf_tensor(&w.name, detects)).collect();
        Exchange {
            config: self.hf_config(),
            defaults: hf_defaults(),
            prefix: "deberta.".to_owned(),
            tensors,
            spare: if detects {
                vec![]
            } else {
                ["deberta.pooler.", "mask_predictions.", "lm_predictions."].map(str::to_owned).to_vec()
            },
            generator: self.generator_alone().map(|alone| of_generator(&ours, alone.exchange())),
            ..Exchange::default()
        }
    }
}

impl Detector for Deberta {
    fn generator(&self, g: &mut Graph, inputs: Inputs) -> Result<Value, ShapeError> {
        let blocks = self.generator.as_ref().unwrap_or(&self.blocks);
        g.scoped("generator", |g| {
            let x = self.decoded(g, GENERATOR, blocks, inputs)?;
            self.token_head().logits(g, x)
        })
    }

    fn discriminator(&self, g: &mut Graph, inputs: Inputs) -> Result<Value, ShapeError> {
        let x = self.forward(g, inputs)?;
        self.head(g, x)
    }
}

impl Deberta {
    /// The generator as a model of its own, if transformers has such a model: it has no decoder with absolute positions.
    fn generator_alone(&self) -> Option<Deberta> {
        let blocks = self.generator.clone().filter(|_| !self.enhanced)?;
        Some(Deberta { blocks, generator: None, ..self.clone() })
    }

    fn token_head(&self) -> TokenHead {
        let Encoder { hidden, norm_eps, .. } = self.blocks.encoder;
        TokenHead { from: hidden, width: hidden, vocab: self.vocab, norm_eps }
    }

    fn embedded(&self, g: &mut Graph, prefix: &str, x: Value) -> Result<Value, ShapeError> {
        let weights = [prefix, "embed.norm"].concat();
        let x = norm(g, "embed_norm", &weights, true, x, self.blocks.encoder.norm_eps)?;
        dropout(g, "embed_dropout", x, self.embedding_dropout)
    }

    /// Rows of the generator's table, which the discriminator does not train, and of the difference, which it does.
    fn disentangled_look_up(&self, g: &mut Graph, tokens: Value) -> Result<Value, ShapeError> {
        let (table, delta) = (g.weight("embed.token.weight")?, g.weight("embed.delta.weight")?);
        let shared = embedding(g, "embed_shared", table, tokens)?;
        g.stop_gradient(shared);
        let own = embedding(g, "embed_delta", delta, tokens)?;
        add(g, "embed", own, shared)
    }

    /// From tokens to the states that hidden ones are predicted from.
    fn decoded(
        &self,
        g: &mut Graph,
        prefix: &str,
        blocks: &Disentangled,
        inputs: Inputs,
    ) -> Result<Value, ShapeError> {
        let table = g.weight("embed.token.weight")?;
        let x = embedding(g, "embed", table, inputs.tokens)?;
        let x = self.embedded(g, prefix, x)?;
        let positions = blocks.positions(g, prefix, inputs)?;
        let layers = blocks.encoder.layers;
        if !self.enhanced {
            return blocks.blocks(g, (prefix, 0), positions, layers, x);
        }
        let x = blocks.blocks(g, (prefix, 0), positions, layers.saturating_sub(1), x)?;
        self.mask_decoder(g, (prefix, inputs.positions), blocks, positions, x)
    }

    /// The last block twice, with queries that begin as states and absolute positions.
    fn mask_decoder(
        &self,
        g: &mut Graph,
        (prefix, given): (&str, Option<Value>),
        blocks: &Disentangled,
        positions: Positions,
        x: Value,
    ) -> Result<Value, ShapeError> {
        let t = g.size_from_end(x, 1);
        let last = blocks.encoder.layers.saturating_sub(1);
        let (weights, table) = (format!("{prefix}block.{last}"), g.weight("embed.position.weight")?);
        g.in_segment(last as u32, |g| {
            let places = parts::positions(g, table, 0, t, given)?;
            let mut queries = add(g, "decoder.at", x, places)?;
            for round in ["decoder.0", "decoder.1"] {
                queries = g.scoped(round, |g| blocks.looking_at(g, &weights, positions, queries, x))?;
            }
            Ok(queries)
        })
    }

    /// transformers' `DebertaV2Config`.
    fn hf_config(&self) -> serde_json::Value {
        let buckets = self.blocks.buckets.map_or(-1, |n| i64::try_from(n).unwrap_or(i64::MAX));
        let mut config = self.blocks.encoder.hf_config(self.embedding_dropout);
        config.extend(super::entries(json!({
            "architectures": [if self.generator.is_some() { "DebertaV2Model" } else { "DebertaV2ForMaskedLM" }],
            "conv_act": match self.blocks.convolution.map(|c| c.activation) {
                Some(Activation::Gelu) => "gelu",
                _ => "tanh",
            },
            "conv_kernel_size": self.blocks.convolution.map_or(0, |c| c.width),
            "max_position_embeddings": self.context,
            "max_relative_positions": -1,
            "model_type": "deberta-v2",
            "norm_rel_ebd": "layer_norm",
            "pos_att_type": "c2p|p2c",
            "position_biased_input": false,
            "position_buckets": buckets,
            "relative_attention": true,
            "share_att_key": self.blocks.shared_keys,
            "type_vocab_size": 0,
            "vocab_size": self.vocab,
        })));
        config.into()
    }
}

/// The state of each sample's first token `[B, T, C]`, once for every token.
fn repeated_first(g: &mut Graph, x: Value) -> Result<Value, ShapeError> {
    let [b, t, c] = [0, 1, 2].map(|i| g.ty(x).shape.get(i).copied().unwrap_or(1));
    if t == 1 {
        return Ok(x);
    }
    let parts = split(g, "detector.first", x, 1, &[1, t - 1])?;
    let first = contiguous(g, "detector.first_state", parts[0])?;
    let first = reshape(g, "detector.first_row", first, &[b, 1, 1, c])?;
    let all = repeat_heads(g, "detector.first_everywhere", first, t)?;
    reshape(g, "detector.first_states", all, &[b, t, c])
}

/// Of `DebertaV2Config`, what decides what is computed.
fn hf_defaults() -> serde_json::Map<String, serde_json::Value> {
    super::entries(json!({
        "conv_act": "tanh",
        "conv_groups": 1,
        "conv_kernel_size": 0,
        "embedding_size": null,
        "hidden_act": "gelu",
        "hidden_size": 1536,
        "intermediate_size": 6144,
        "layer_norm_eps": 1e-7,
        "legacy": true,
        "max_position_embeddings": 512,
        "max_relative_positions": -1,
        "model_type": "deberta-v2",
        "norm_rel_ebd": "none",
        "num_attention_heads": 24,
        "num_hidden_layers": 24,
        "pos_att_type": null,
        "position_biased_input": true,
        "position_buckets": -1,
        "relative_attention": false,
        "share_att_key": false,
        "tie_word_embeddings": true,
        "type_vocab_size": 0,
        "vocab_size": 128_100,
    }))
}

/// transformers' names. Of a detector it is the discriminator, whose table is the sum of the shared one and its own.
fn hf_tensor(ours: &str, detects: bool) -> Option<ExchangeTensor> {
    let left_out =
        |name: &str| name.starts_with(GENERATOR) || name.starts_with("head.") || name == "embed.delta.weight";
    if detects && (left_out(ours) || ours == "embed.position.weight") {
        return None;
    }
    let replaced = |from: &str, to: &str| ours.strip_prefix(from).map(|rest| [to, rest].concat());
    let theirs = encoder::hf_name(ours, "deberta")
        .map(|name| {
            let name = ["query", "key", "value"].iter().fold(name, |name, part| {
                name.replace(&format!(".self.{part}."), &format!(".self.{part}_proj."))
            });
            if ours.contains("attn.position_") {
                let part = if ours.contains("position_k") { "pos_key_proj" } else { "pos_query_proj" };
                return name.replace("attention.output.LayerNorm", &format!("attention.self.{part}"));
            }
            name
        })
        .or_else(|| replaced("relative.", "deberta.encoder.rel_embeddings."))
        .or_else(|| replaced("relative_norm.", "deberta.encoder.LayerNorm."))
        .or_else(|| replaced("convolution.", "deberta.encoder.conv.conv."))
        .or_else(|| replaced("convolution_norm.", "deberta.encoder.conv.LayerNorm."))
        .or_else(|| replaced("head.bias", "cls.predictions.bias"))
        .or_else(|| replaced("head.transform.", "cls.predictions.transform.dense."))
        .or_else(|| replaced("head.norm.", "cls.predictions.transform.LayerNorm."))
        .or_else(|| replaced("detector.norm.", "mask_predictions.LayerNorm."))
        .or_else(|| replaced("detector.dense.", "mask_predictions.dense."))
        .or_else(|| replaced("detector.score.", "mask_predictions.classifier."))?;
    let plus = (detects && ours == "embed.token.weight").then(|| "embed.delta.weight".to_owned());
    Some(ExchangeTensor { ours: ours.to_owned(), theirs, transposed: false, plus })
}
