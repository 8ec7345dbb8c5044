//! A model's body with a head that tells classes apart, or gives one number (a reward, a value), as transformers'
//! `…ForSequenceClassification` are.
//!
//! ```text
//! x = body(tokens)                                          its own head is left out
//! h = state of the first token, or of the last one that is no padding
//! logits = score · dropout(activation(dense · h))           decoders have no dense layer
//! ```

use super::inputs::Inputs;
use super::parts::{WeightList, linear};
use super::{Dimensions, ModelSpec, WeightSpec};
use crate::graph::{Graph, ShapeError, Value};
use crate::ops::dropout::dropout;
use crate::ops::embedding::embedding;
use crate::ops::gelu_erf::gelu_erf;
use crate::ops::reshape::reshape;
use crate::ops::tanh::tanh;
use regimen_base::plan::{Exchange, ExchangeTensor};
use regimen_base::schedule::Reads;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// What of a model a classifier is built on, and how its head is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    /// The model's weights without those of its own head.
    pub weights: Vec<WeightSpec>,
    /// C
    pub hidden: u64,
    /// Standard deviation of the head's initial weights.
    pub init_std: f64,
    /// Parameters of the products in it.
    pub matmul_parameters: u64,
    /// The head.
    pub head: HeadForm,
}

/// How a family's head is made, and what transformers calls it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadForm {
    /// The token whose state is read.
    pub reads: Reads,
    /// The layer before the scores.
    pub dense: Option<Dense>,
    /// The scores there: `classifier`.
    pub score: &'static str,
    /// Whether scores have a bias.
    pub bias: bool,
    /// The model's class there.
    pub class: &'static str,
    /// The configuration's entry for the rate of dropout.
    pub dropout: Option<&'static str>,
    /// What the names of tensors of the family's other heads begin with.
    pub spare: &'static [&'static str],
}

/// The layer of a head before its scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dense {
    /// Its name in transformers.
    pub name: &'static str,
    /// What follows it.
    pub activation: Activation,
    /// Whether the state that it reads is dropped out too.
    pub dropped: bool,
}

/// What follows the dense layer of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Activation {
    Tanh,
    Gelu,
}

/// What a head gives of a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gives {
    /// A logit of each of these classes.
    Classes(Vec<String>),
    /// One number: a reward of the sample, or, of each token, a value.
    Scalar,
}

impl Gives {
    /// Numbers of a sample.
    pub fn outputs(&self) -> u64 {
        match self {
            Gives::Classes(classes) => classes.len() as u64,
            Gives::Scalar => 1,
        }
    }

    /// What transformers calls them, in their order.
    fn names(&self) -> Vec<String> {
        match self {
            Gives::Classes(classes) => classes.clone(),
            Gives::Scalar => vec!["LABEL_0".to_owned()],
        }
    }

    /// What transformers calls such a task.
    fn problem(&self) -> &'static str {
        match self {
            Gives::Classes(_) => "single_label_classification",
            Gives::Scalar => "regression",
        }
    }
}

/// What the names of a head's weights begin with.
pub const PREFIX: &str = "classifier.";

/// A classifier with all its sizes known.
#[derive(Clone, Debug)]
pub struct Classifier {
    model: Arc<dyn ModelSpec>,
    body: Body,
    gives: Gives,
    dropout: f64,
    /// Id of the token that fills samples up.
    padding: u32,
}

impl Classifier {
    /// A head that gives this on a model, if it can have one.
    pub fn new(model: Arc<dyn ModelSpec>, gives: Gives, dropout: f64, padding: u32) -> Option<Classifier> {
        let body = model.body()?;
        Some(Classifier { model, body, gives, dropout, padding })
    }

    /// Writes the head: from hidden states `[B, T, C]` to logits `[B, outputs]`; `rows` `[B]` are the places of the states that are read,
    /// counted over the whole batch.
    ///
    /// # Errors
    /// If the weights do not fit.
    pub fn logits(&self, g: &mut Graph, hidden: Value, rows: Value) -> Result<Value, ShapeError> {
        let [b, t, c] = [0, 1, 2].map(|i| g.ty(hidden).shape.get(i).copied().unwrap_or(1));
        let states = reshape(g, "states", hidden, &[b * t, c])?;
        let h = embedding(g, "summary", states, rows)?;
        self.head(g, h)
    }

    /// Writes the head of every token: from hidden states `[B, T, C]` to a value of each `[B, T]`, as a critic has it.
    ///
    /// # Errors
    /// If the weights do not fit, or the head gives more than one number or reads the first token for all.
    pub fn values(&self, g: &mut Graph, hidden: Value) -> Result<Value, ShapeError> {
        if self.gives != Gives::Scalar || self.reads() == Reads::First {
            let message = "only the scalar head of a decoder gives a value of each token".to_owned();
            return Err(ShapeError { op: "values", name: String::new(), message });
        }
        let [b, t] = [0, 1].map(|i| g.ty(hidden).shape.get(i).copied().unwrap_or(1));
        let values = self.head(g, hidden)?;
        reshape(g, "values", values, &[b, t])
    }

    /// What it gives of a sample.
    pub fn gives(&self) -> &Gives {
        &self.gives
    }

    /// The token that stands for a sample.
    pub fn reads(&self) -> Reads {
        self.body.head.reads
    }

    fn head_weights(&self) -> Vec<WeightSpec> {
        let (Body { hidden, init_std, head, .. }, classes) = (&self.body, self.gives.outputs());
        let mut list = WeightList::new(true);
        if head.dense.is_some() {
            list.linear("classifier.dense", [*hidden, *hidden], *init_std);
        }
        list.matrix("classifier.score", [classes, *hidden], *init_std);
        if head.bias {
            list.bias("classifier.score", classes);
        }
        list.weights
    }

    fn config(&self, config: Json) -> Json {
        let mut config = super::entries(config);
        let names = self.gives.names();
        let numbered = || names.iter().enumerate();
        let by_number: serde_json::Map<_, _> = numbered().map(|(i, c)| (i.to_string(), json!(c))).collect();
        let numbers: serde_json::Map<_, _> = numbered().map(|(i, c)| (c.clone(), json!(i))).collect();
        config.extend(super::entries(json!({
            "architectures": [self.body.head.class],
            "id2label": by_number,
            "label2id": numbers,
            "pad_token_id": self.padding,
            "problem_type": self.gives.problem(),
        })));
        if let Some(entry) = self.body.head.dropout {
            config.insert(entry.to_owned(), json!(self.dropout));
        }
        config.into()
    }
}

impl ModelSpec for Classifier {
    fn weights(&self) -> Vec<WeightSpec> {
        let mut weights = self.body.weights.clone();
        weights.extend(self.head_weights());
        weights
    }

    fn forward(&self, g: &mut Graph, inputs: Inputs) -> Result<Value, ShapeError> {
        self.model.states(g, inputs)
    }

    fn head(&self, g: &mut Graph, hidden: Value) -> Result<Value, ShapeError> {
        let form = self.body.head;
        let mut h = hidden;
        if let Some(dense) = form.dense {
            if dense.dropped {
                h = dropout(g, "classifier.summary_dropout", h, self.dropout)?;
            }
            h = linear(g, "classifier.dense", "classifier.dense", true, h)?;
            h = match dense.activation {
                Activation::Tanh => tanh(g, "classifier.tanh", h)?,
                Activation::Gelu => gelu_erf(g, "classifier.gelu", h)?,
            };
        }
        h = dropout(g, "classifier.dropout", h, self.dropout)?;
        linear(g, "logits", "classifier.score", form.bias, h)
    }

    fn objectives(&self) -> &'static [&'static str] {
        match self.gives {
            Gives::Classes(_) => &["classify"],
            Gives::Scalar => &["reward_model"],
        }
    }

    fn classifier(&self) -> Option<&Classifier> {
        Some(self)
    }

    fn fresh(&self) -> Vec<String> {
        self.head_weights().into_iter().map(|w| w.name).collect()
    }

    fn context(&self) -> u64 {
        self.model.context()
    }

    fn vocab(&self) -> u64 {
        self.model.vocab()
    }

    fn dimensions(&self) -> Dimensions {
        // The head works once a sample, not once a token.
        Dimensions { matmul_parameters: self.body.matmul_parameters, ..self.model.dimensions() }
    }

    fn exchange(&self) -> Exchange {
        let form = self.body.head;
        let of_body = self.model.exchange();
        let (mut tensors, mut spare) = (of_body.tensors, of_body.spare);
        tensors.retain(|tensor| self.body.weights.iter().any(|w| w.name == tensor.ours));
        tensors.extend(self.head_weights().into_iter().map(|w| {
            let kind = w.name.rsplit('.').next().unwrap_or_default();
            let dense = form.dense.filter(|_| w.name.starts_with("classifier.dense."));
            let theirs = format!("{}.{kind}", dense.map_or(form.score, |dense| dense.name));
            ExchangeTensor { ours: w.name, theirs, transposed: false, plus: None }
        }));
        let read = |begins: &String| !tensors.iter().any(|tensor| tensor.theirs.starts_with(begins.as_str()));
        spare.extend(form.spare.iter().map(|begins| (*begins).to_owned()));
        spare.retain(read);
        let config = self.config(of_body.config);
        Exchange { config, tensors, spare, generator: None, ..of_body }
    }
}
