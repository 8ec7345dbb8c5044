//! Architectures, one file each. An architecture reads its fields, lists its weights and writes its
//! forward pass into a graph; everything else (loss, backward, optimizer, memory) follows from that.

pub mod bert;
mod buckets;
pub mod classifier;
pub mod deberta;
pub mod declare;
pub mod detector;
pub mod disentangled;
pub mod electra;
pub mod encoder;
pub mod gpt;
pub mod inputs;
pub mod llama;
pub mod parts;
pub mod past;
pub mod roberta;
pub mod rope;

use crate::eval::{Fields, Stop};
use crate::graph::{Graph, ShapeError, Value};
use crate::schema::Type;
use inputs::Inputs;
use past::CacheSizes;
use regimen_base::data::TokenizerFacts;
use regimen_base::plan::Exchange;
use std::fmt::Debug;
use std::sync::Arc;

/// A kind of model: its fields in the language, and how they become a [`ModelSpec`].
pub trait Architecture: Debug + Send + Sync {
    /// Its name and fields.
    fn schema(&self) -> &'static Type;

    /// The model that checked fields describe.
    ///
    /// # Errors
    /// If a field was reported.
    fn read(&self, fields: &Fields, tokenizer: &TokenizerFacts) -> Result<Arc<dyn ModelSpec>, Stop>;

    /// Fields that must equal an entry of Hugging Face's `config.json`: (field, entry).
    fn config_sizes(&self) -> &'static [(&'static str, &'static str)];
}

/// All architectures, in the order of the language reference.
pub static ALL: &[&dyn Architecture] = &[
    &gpt::GptArchitecture,
    &llama::LlamaArchitecture,
    &bert::BertArchitecture,
    &roberta::RobertaArchitecture,
    &electra::ElectraArchitecture,
    &deberta::DebertaArchitecture,
];

/// The architecture with this name.
pub fn find(name: &str) -> Option<&'static dyn Architecture> {
    ALL.iter().copied().find(|a| a.schema().name == name)
}

/// A model of some architecture with all its sizes known.
pub trait ModelSpec: Debug + Send + Sync {
    /// Every weight, in the order of the forward pass. Tied weights appear once.
    fn weights(&self) -> Vec<WeightSpec>;

    /// Writes the forward pass: from tokens `[B, T]` to hidden states `[B, T, C]` after the last norm.
    ///
    /// # Errors
    /// If shapes do not fit, which the front end's rules should have excluded.
    fn forward(&self, graph: &mut Graph, inputs: Inputs) -> Result<Value, ShapeError>;

    /// Writes the language-model head: from hidden states `[…, C]` to logits `[…, V]`.
    ///
    /// # Errors
    /// As for [`ModelSpec::forward`].
    fn head(&self, graph: &mut Graph, hidden: Value) -> Result<Value, ShapeError>;

    /// Sizes of the cache that [`ModelSpec::extend`] reads and writes; none for a model that does not generate text.
    fn cache(&self) -> Option<CacheSizes> {
        None
    }

    /// Writes the forward pass of tokens `[B, T]` at positions `[B, T]` of texts whose earlier tokens are in the caches, and adds
    /// these: hidden states `[B, T, C]` after the last norm.
    ///
    /// # Errors
    /// As for [`ModelSpec::forward`], or if the model does not generate text.
    fn extend(&self, graph: &mut Graph, tokens: Value, positions: Value) -> Result<Value, ShapeError> {
        let _ = (graph, tokens, positions);
        let message = "the model does not generate text".to_owned();
        Err(ShapeError { op: "extend", name: String::new(), message })
    }

    /// Kinds of stages that can train it.
    fn objectives(&self) -> &'static [&'static str] {
        &["causal_lm", "classify", "supervised", "reward_model"]
    }

    /// What a classifier can be built on, if one can.
    fn body(&self) -> Option<classifier::Body> {
        None
    }

    /// Writes the forward pass of the [`ModelSpec::body`], from tokens `[B, T]` to hidden states `[B, T, C]`.
    ///
    /// # Errors
    /// As for [`ModelSpec::forward`].
    fn states(&self, graph: &mut Graph, inputs: Inputs) -> Result<Value, ShapeError> {
        self.forward(graph, inputs)
    }

    /// The model with a head that tells whether the second text of a pair follows the first, if it can have one.
    fn with_next_sentence(&self) -> Option<Arc<dyn ModelSpec>> {
        None
    }

    /// Texts of a sample that it can tell apart.
    fn text_types(&self) -> u64 {
        1
    }

    /// Writes that head: from hidden states `[B, T, C]` to logits `[B, 2]`, of following and of not; `rows` `[B]` are the places of the first
    /// tokens, counted over the whole batch.
    ///
    /// # Errors
    /// As for [`ModelSpec::forward`], or if the model has no such head.
    fn follows(&self, graph: &mut Graph, hidden: Value, rows: Value) -> Result<Value, ShapeError> {
        let _ = (graph, hidden, rows);
        let message = "the model does not tell whether a text follows another".to_owned();
        Err(ShapeError { op: "follows", name: String::new(), message })
    }

    /// Itself, if it is a classifier.
    fn classifier(&self) -> Option<&classifier::Classifier> {
        None
    }

    /// Weights that begin new where a checkpoint that training starts from has none of them.
    fn fresh(&self) -> Vec<String> {
        vec![]
    }

    /// Its two parts, if it is a detector of replaced tokens.
    fn detector(&self) -> Option<&dyn detector::Detector> {
        None
    }

    /// Tokens that the model can see.
    fn context(&self) -> u64;

    /// Size of the embedding table.
    fn vocab(&self) -> u64;

    /// Layers, and the width of attention: what the usual FLOP formula needs.
    fn dimensions(&self) -> Dimensions;

    /// How a checkpoint is written for other tools.
    fn exchange(&self) -> Exchange;
}

/// A model's sizes as the usual formula (6·N + 12·L·C·T) needs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimensions {
    /// L
    pub layers: u64,
    /// C: heads × head size.
    pub attention_width: u64,
    /// N_matmul: parameters that take part in matrix products, the head included.
    pub matmul_parameters: u64,
}

/// One weight of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightSpec {
    /// `block.3.attn.qkv.weight`
    pub name: String,
    /// Its logical shape.
    pub shape: Vec<u64>,
    /// How it starts.
    pub init: Init,
    /// Whether weight decay applies by default: not to biases and norms.
    pub decay: bool,
}

impl WeightSpec {
    /// Number of its elements.
    pub fn elements(&self) -> u64 {
        self.shape.iter().product()
    }
}

/// How a weight starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Normal with mean 0 and this standard deviation.
    Normal(f64),
    /// The same number everywhere.
    Constant(f64),
}

/// The entries of an object.
pub(crate) fn entries(value: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    match value {
        serde_json::Value::Object(entries) => entries,
        _ => serde_json::Map::new(),
    }
}

/// Number of parameters of a model, tied ones counted once.
pub fn parameters(spec: &dyn ModelSpec) -> u64 {
    spec.weights().iter().map(WeightSpec::elements).sum()
}
