//! Models of the architecture `llama`: what the metadata says, and which tensors there must be.
//!
//! llama.cpp turns pairs of neighbouring values in a head (2i, 2i + 1) where Hugging Face turns (i, i + size / 2), so
//! its converter reorders the rows of the query and key projections. Here they get their places back.

use super::header::{Container, Tensor};
use super::text::{Faults, shown};
use super::value::{Metadata, Value};
use std::collections::BTreeMap;

/// Base of the rotary embedding's frequencies where none is given.
const ROPE_BASE: f64 = 10_000.0;
/// Tensors of a block.
const TENSORS_OF_BLOCK: u64 = 9;

/// What describes a model. All sizes are at least one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Llama {
    pub(super) layers: u64,
    pub(super) context: u64,
    pub(super) hidden: u64,
    pub(super) intermediate: u64,
    pub(super) heads: u64,
    pub(super) kv_heads: u64,
    pub(super) head: u64,
    pub(super) epsilon: f64,
    pub(super) rope_base: f64,
    pub(super) vocab: u64,
    /// Whether the output layer is the token embedding.
    pub(super) tied: bool,
}

/// A tensor under its new name.
#[derive(Clone, Debug)]
pub(super) struct Mapped<'a> {
    pub(super) name: String,
    pub(super) tensor: Tensor<'a>,
    /// Size of the heads within which rows were reordered; nothing if the rows are in place.
    pub(super) turned: Option<u64>,
}

/// Keys that say how big the model is. What else begins with `llama.` and is not listed below could change what is
/// computed, so that it is refused.
const SIZES: [&str; 10] = [
    "block_count",
    "context_length",
    "embedding_length",
    "feed_forward_length",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.key_length",
    "attention.value_length",
    "rope.dimension_count",
    "vocab_size",
];
/// Keys with numbers, and keys that change nothing.
const OTHERS: [&str; 6] = [
    "attention.layer_norm_rms_epsilon",
    "rope.freq_base",
    "rope.scaling.original_context_length",
    "rope.scaling.finetuned",
    "tensor_data_layout",
    "expert_used_count",
];
/// Keys that mean something else than Hugging Face's Llama does, unless they have this value.
const NEUTRAL: [(&str, &str); 5] = [
    ("expert_count", "0"),
    ("rope.scaling.type", "none"),
    ("rope.scaling.factor", "1"),
    ("rope.scale_linear", "1"),
    ("attention.causal", "true"),
];

/// Reads the description of a model with a vocabulary of so many tokens.
///
/// # Errors
/// Everything that is wrong.
pub(super) fn describe(file: &Container, tokens: u64) -> Result<Llama, Faults> {
    let mut asked = Asked { metadata: &file.metadata, faults: other_meanings(&file.metadata) };
    let layers = asked.required("block_count");
    let context = asked.required("context_length");
    let hidden = asked.required("embedding_length");
    let intermediate = asked.required("feed_forward_length");
    let heads = asked.required("attention.head_count");
    let kv_heads = asked.size("attention.head_count_kv").unwrap_or(heads);
    let head = asked.size("attention.key_length").unwrap_or_else(|| hidden.checked_div(heads).unwrap_or(0));
    for key in ["attention.value_length", "rope.dimension_count"] {
        if let Some(other) = asked.size(key).filter(|other| *other != head) {
            asked
                .faults
                .push(format!("`llama.{key}` is {other} and a head has {head}: this is not supported"));
        }
    }
    if let Some(other) = asked.size("vocab_size").filter(|other| *other != tokens) {
        asked.faults.push(format!("`llama.vocab_size` is {other}, and there are {tokens} tokens"));
    }
    let epsilon = asked.number("attention.layer_norm_rms_epsilon", None);
    let rope_base = asked.number("rope.freq_base", Some(ROPE_BASE));
    asked.faults.or(())?;
    disproportions(heads, kv_heads, head, layers, file.tensors.len() as u64).or(())?;
    let tied = !file.tensors.contains_key("output.weight");
    let vocab = tokens;
    Ok(Llama {
        layers,
        context,
        hidden,
        intermediate,
        heads,
        kv_heads,
        head,
        epsilon,
        rope_base,
        vocab,
        tied,
    })
}

/// Sizes that cannot be together.
fn disproportions(heads: u64, kv_heads: u64, head: u64, layers: u64, tensors: u64) -> Faults {
    let mut faults = Faults::default();
    if !heads.is_multiple_of(kv_heads) {
        faults.push(format!("{heads} heads cannot share {kv_heads} heads of keys and values"));
    }
    if head == 0 || !head.is_multiple_of(2) {
        faults.push(format!("heads of size {head} have no pairs to turn"));
    }
    if heads.checked_mul(head).is_none() {
        faults.push(format!("{heads} heads of size {head} are too many"));
    }
    // Names are only made for blocks that can be there.
    if layers.checked_mul(TENSORS_OF_BLOCK).is_none_or(|needed| needed > tensors) {
        faults
            .push(format!("{layers} blocks of {TENSORS_OF_BLOCK} tensors cannot be there: it has {tensors}"));
    }
    faults
}

/// Metadata that say something else than is understood here.
fn other_meanings(metadata: &Metadata) -> Faults {
    let mut faults = Faults::default();
    for key in metadata.keys() {
        let Some(own) = key.strip_prefix("llama.") else { continue };
        let neutral = NEUTRAL.iter().find(|(name, _)| *name == own);
        let value = metadata.get(key).map(said).unwrap_or_default();
        match neutral {
            Some((_, neutral)) if value == *neutral => {}
            Some((name, _)) => {
                faults.push(format!("`llama.{name}` is {}: this is not supported", shown(&value)))
            }
            None if SIZES.contains(&own) || OTHERS.contains(&own) => {}
            None => faults.push(format!("the metadata value {} is not understood", shown(key))),
        }
    }
    let model = |key, neutral| metadata.get(key).map(said).filter(|value| value != neutral);
    if let Some(kind) = model("general.type", "model") {
        faults.push(format!("it holds {} (`general.type`), not a model", shown(&kind)));
    }
    if let Some(parts) = model("split.count", "1").filter(|parts| parts != "0") {
        faults.push(format!("it is one of {} files of a model: merge them first", shown(&parts)));
    }
    faults
}

/// A value in one word.
fn said(value: &Value) -> String {
    match value {
        Value::Text(text) => (*text).to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Array(array) => format!("a list of {}", array.len()),
        _ => value.number().map_or_else(|| "not a number".to_string(), |number| number.to_string()),
    }
}

/// Values that are asked for, and what is wrong with them.
struct Asked<'a> {
    metadata: &'a Metadata<'a>,
    faults: Faults,
}

impl Asked<'_> {
    /// A size, if it is given; 1 and a fault if it is none.
    fn size(&mut self, key: &str) -> Option<u64> {
        let value = self.metadata.get(&format!("llama.{key}"))?;
        let size = value.count().filter(|size| (1..=u64::from(u32::MAX)).contains(size));
        if size.is_none() {
            self.faults.push(format!("`llama.{key}` is {}, not a size", shown(&said(value))));
        }
        Some(size.unwrap_or(1))
    }

    fn required(&mut self, key: &str) -> u64 {
        let size = self.size(key);
        if size.is_none() {
            self.faults.push(format!("the metadata value `llama.{key}` is missing"));
        }
        size.unwrap_or(1)
    }

    /// A number above zero.
    fn number(&mut self, key: &str, default: Option<f64>) -> f64 {
        let value = self.metadata.get(&format!("llama.{key}"));
        let number = value.map_or(default, Value::number).filter(|number| *number > 0.0);
        if number.is_none() {
            self.faults.push(match value {
                None => format!("the metadata value `llama.{key}` is missing"),
                Some(value) => format!("`llama.{key}` is {}, not a number above zero", shown(&said(value))),
            });
        }
        number.unwrap_or(1.0)
    }
}

/// Gives every tensor its new name.
///
/// # Errors
/// Tensors that are missing, have another shape, or are not part of such a model: all of them.
pub(super) fn map<'a>(model: &Llama, file: &Container<'a>) -> Result<Vec<Mapped<'a>>, Faults> {
    let mut left: BTreeMap<&str, Tensor> = file.tensors.clone();
    let mut faults = Faults::default();
    let mut mapped = vec![];
    for expected in expected(model) {
        match left.remove(expected.theirs.as_str()) {
            None => faults.push(format!("the tensor `{}` is missing", expected.theirs)),
            Some(tensor) if tensor.shape != expected.shape => {
                let (theirs, wanted) = (&expected.theirs, &expected.shape);
                faults.push(format!("the tensor `{theirs}` is {:?} and should be {wanted:?}", tensor.shape));
            }
            Some(tensor) => mapped.push(Mapped { name: expected.ours, tensor, turned: expected.turned }),
        }
    }
    let extra = left.keys().map(|name| format!("the tensor {} is not one of such a model", shown(name)));
    faults.extend(extra);
    faults.or(mapped)
}

/// A tensor that there must be.
struct Expected {
    theirs: String,
    ours: String,
    shape: Vec<u64>,
    turned: Option<u64>,
}

fn expected(model: &Llama) -> Vec<Expected> {
    let Llama { hidden: h, intermediate: m, heads, kv_heads, head, vocab, .. } = *model;
    let (q, kv) = (heads * head, kv_heads * head);
    let plain = |theirs: &str, ours: &str, shape| Expected {
        theirs: theirs.into(),
        ours: ours.into(),
        shape,
        turned: None,
    };
    let mut all = vec![
        plain("token_embd.weight", "model.embed_tokens.weight", vec![vocab, h]),
        plain("output_norm.weight", "model.norm.weight", vec![h]),
    ];
    if !model.tied {
        all.push(plain("output.weight", "lm_head.weight", vec![vocab, h]));
    }
    for layer in 0..model.layers {
        let mut add = |theirs: &str, ours: &str, shape, turned| {
            let theirs = format!("blk.{layer}.{theirs}.weight");
            let ours = format!("model.layers.{layer}.{ours}.weight");
            all.push(Expected { theirs, ours, shape, turned });
        };
        add("attn_norm", "input_layernorm", vec![h], None);
        add("attn_q", "self_attn.q_proj", vec![q, h], Some(head));
        add("attn_k", "self_attn.k_proj", vec![kv, h], Some(head));
        add("attn_v", "self_attn.v_proj", vec![kv, h], None);
        add("attn_output", "self_attn.o_proj", vec![h, q], None);
        add("ffn_norm", "post_attention_layernorm", vec![h], None);
        add("ffn_gate", "mlp.gate_proj", vec![m, h], None);
        add("ffn_up", "mlp.up_proj", vec![m, h], None);
        add("ffn_down", "mlp.down_proj", vec![h, m], None);
    }
    all
}

impl<'a> Mapped<'a> {
    /// Number of values.
    pub(super) fn values(&self) -> u64 {
        self.tensor.shape.iter().product()
    }

    /// Values of a row: all of a vector.
    pub(super) fn row(&self) -> u64 {
        self.tensor.shape.last().copied().unwrap_or(1)
    }

    /// The rows in Hugging Face's order, still encoded.
    pub(super) fn rows(&self) -> impl Iterator<Item = &'a [u8]> {
        let bytes = self.tensor.bytes;
        let kind = self.tensor.kind;
        let length = (self.row() / kind.values() * kind.bytes()) as usize;
        let turned = self.turned;
        (0..self.values() / self.row().max(1)).map_while(move |row| {
            let from = turned.map_or(row, |head| source_row(row, head)) as usize;
            bytes.get(from * length..(from + 1) * length)
        })
    }
}

/// Where a row of Hugging Face's lies in the file: value i of a head's first half was put at 2i, value i of its second
/// half at 2i + 1.
fn source_row(row: u64, head: u64) -> u64 {
    let (start, at, half) = (row / head * head, row % head, head / 2);
    start + 2 * (at % half) + at / half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_neighbours_become_halves() {
        let rows: Vec<u64> = (0..8).map(|row| source_row(row, 4)).collect();
        assert_eq!(rows, [0, 2, 1, 3, 4, 6, 5, 7]);
        let six: Vec<u64> = (0..6).map(|row| source_row(row, 6)).collect();
        assert_eq!(six, [0, 2, 4, 1, 3, 5]);
    }

    #[test]
    fn sizes_that_do_not_fit_are_all_named() {
        assert_eq!(disproportions(9, 3, 64, 30, 272), Faults::default());
        assert_eq!(disproportions(9, 2, 3, u64::MAX, 272).listed().len(), 3);
    }
}
