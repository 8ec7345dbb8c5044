//! The tokenizer: a `tokenizer.json` and its `tokenizer_config.json` out of the metadata.
//!
//! Only byte-level BPE is read: its tokens, merges and cutting rules are all that Hugging Face's file has. The rules
//! are not in the file, only a name of them; a name that is not known here is refused, because a wrong rule would give
//! other tokens without anybody noticing.

use super::text::{Faults, shown};
use super::value::{Array, Metadata, Value};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

const TOKENS: &str = "tokenizer.ggml.tokens";
const TYPES: &str = "tokenizer.ggml.token_type";
const MERGES: &str = "tokenizer.ggml.merges";

/// How text is cut before merging, by the name in the file.
const CUTS: [(&str, Cut); 3] =
    [("smollm", Cut::SingleDigits), ("gpt-2", Cut::Words), ("default", Cut::Words)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// GPT-2's words.
    Words,
    /// Every digit for itself, then GPT-2's words.
    SingleDigits,
}

/// What kind of token one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Made by merging, or never.
    Ordinary,
    /// Found in text before merging, and part of it.
    Added,
    /// Found in text before merging, and not part of what was said.
    Special,
}

/// A tokenizer whose parts fit together.
#[derive(Clone, Debug)]
pub(super) struct Tokenizer<'a> {
    tokens: Vec<&'a str>,
    roles: Vec<Role>,
    merges: Vec<(&'a str, &'a str)>,
    cut: Cut,
    pub(super) begin: Option<u64>,
    pub(super) end: Option<u64>,
    pub(super) padding: Option<u64>,
    unknown: Option<u64>,
    add_begin: bool,
    add_end: bool,
    chat_template: Option<&'a str>,
}

/// Number of tokens in the file, even if they make no tokenizer.
pub(super) fn tokens(metadata: &Metadata) -> u64 {
    metadata.array(TOKENS).map_or(0, Array::len)
}

impl<'a> Tokenizer<'a> {
    /// Reads and checks it.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub(super) fn read(metadata: &Metadata<'a>) -> Result<Tokenizer<'a>, Faults> {
        let cut = cut(metadata)?;
        let mut faults = Faults::default();
        let tokens = texts(metadata, TOKENS, &mut faults);
        let roles = roles(metadata, tokens.len(), &mut faults);
        let merges = texts(metadata, MERGES, &mut faults);
        let merges = checked_merges(&tokens, &merges, &mut faults);
        let mut id = |name: &str| id(metadata, name, tokens.len() as u64, &mut faults);
        let (begin, end) = (id("bos"), id("eos"));
        let (padding, unknown) = (id("padding"), id("unknown"));
        let mut flag = |name: &str| flag(metadata, name, &mut faults);
        let (add_begin, add_end) = (flag("add_bos_token"), flag("add_eos_token"));
        let chat_template = metadata.text("tokenizer.chat_template");
        for (wanted, id, name) in [(add_begin, begin, "bos"), (add_end, end, "eos")] {
            if wanted && id.is_none() {
                faults.push(format!("`tokenizer.ggml.add_{name}_token` is set, and there is no such token"));
            }
        }
        faults.or(())?;
        Ok(Tokenizer {
            tokens,
            roles,
            merges,
            cut,
            begin,
            end,
            padding,
            unknown,
            add_begin,
            add_end,
            chat_template,
        })
    }

    /// The text of a token.
    pub(super) fn token(&self, id: Option<u64>) -> Option<&'a str> {
        self.tokens.get(usize::try_from(id?).ok()?).copied()
    }

    /// The text of `tokenizer.json`.
    pub(super) fn to_json(&self) -> Json {
        let vocab: Map<String, Json> =
            self.tokens.iter().enumerate().map(|(id, token)| ((*token).to_string(), id.into())).collect();
        json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": self.added(),
            "normalizer": null,
            "pre_tokenizer": self.pre_tokenizer(),
            "post_processor": self.post_processor(),
            "decoder": byte_level(true, true),
            "model": {
                "type": "BPE",
                "dropout": null,
                "unk_token": null,
                "continuing_subword_prefix": null,
                "end_of_word_suffix": null,
                "fuse_unk": false,
                "byte_fallback": false,
                "ignore_merges": false,
                "vocab": vocab,
                "merges": self.merges,
            },
        })
    }

    fn added(&self) -> Vec<Json> {
        let added =
            self.tokens.iter().zip(&self.roles).enumerate().filter(|(_, (_, r))| **r != Role::Ordinary);
        let entry = |(id, (token, role)): (usize, (&&str, &Role))| {
            json!({
                "id": id,
                "content": token,
                "single_word": false,
                "lstrip": false,
                "rstrip": false,
                "normalized": false,
                "special": *role == Role::Special,
            })
        };
        added.map(entry).collect()
    }

    fn pre_tokenizer(&self) -> Json {
        match self.cut {
            Cut::Words => byte_level(false, true),
            Cut::SingleDigits => json!({
                "type": "Sequence",
                "pretokenizers": [{"type": "Digits", "individual_digits": true}, byte_level(false, true)],
            }),
        }
    }

    /// Corrects offsets, and puts a token before or after the text if the file says so.
    fn post_processor(&self) -> Json {
        let offsets = byte_level(true, false);
        let around = [self.begin.filter(|_| self.add_begin), self.end.filter(|_| self.add_end)];
        if around == [None, None] {
            return offsets;
        }
        let [first, last] = around;
        let one = |id: Option<u64>, sequence: u64| {
            self.token(id).map(|token| json!({"SpecialToken": {"id": token, "type_id": sequence}}))
        };
        let pieces = |name: &str, sequence: u64| {
            let text = json!({"Sequence": {"id": name, "type_id": sequence}});
            [one(first, sequence), Some(text), one(last, sequence)].into_iter().flatten().collect::<Vec<_>>()
        };
        let tokens = around.into_iter().filter_map(|id| {
            let token = self.token(id)?;
            Some((token.to_string(), json!({"id": token, "ids": [id], "tokens": [token]})))
        });
        let pair = [pieces("A", 0), pieces("B", 1)].concat();
        let template = json!({
            "type": "TemplateProcessing",
            "single": pieces("A", 0),
            "pair": pair,
            "special_tokens": tokens.collect::<Map<_, _>>(),
        });
        json!({"type": "Sequence", "processors": [offsets, template]})
    }

    /// The text of `tokenizer_config.json`, for a model of this context.
    pub(super) fn config(&self, context: u64) -> Json {
        let mut config = json!({
            "add_bos_token": self.add_begin,
            "add_eos_token": self.add_end,
            "add_prefix_space": false,
            "bos_token": self.token(self.begin),
            "clean_up_tokenization_spaces": false,
            "eos_token": self.token(self.end),
            "model_max_length": context,
            "pad_token": self.token(self.padding),
            "tokenizer_class": "PreTrainedTokenizerFast",
            "unk_token": self.token(self.unknown),
        });
        if let (Some(template), Some(config)) = (self.chat_template, config.as_object_mut()) {
            config.insert("chat_template".to_string(), template.into());
        }
        config
    }
}

fn byte_level(add_prefix_space: bool, trim_offsets: bool) -> Json {
    json!({
        "type": "ByteLevel",
        "add_prefix_space": add_prefix_space,
        "trim_offsets": trim_offsets,
        "use_regex": true,
    })
}

fn cut(metadata: &Metadata) -> Result<Cut, String> {
    match metadata.text("tokenizer.ggml.model") {
        Some("gpt2") => {}
        Some(other) => {
            return Err(format!("its tokenizer is {}; byte-level BPE (`gpt2`) is read", shown(other)));
        }
        None => return Err("it has no tokenizer (`tokenizer.ggml.model`)".to_string()),
    }
    let name = metadata.text("tokenizer.ggml.pre").unwrap_or("default");
    CUTS.iter().find(|(known, _)| *known == name).map(|(_, cut)| *cut).ok_or_else(|| {
        let known: Vec<&str> = CUTS.iter().map(|(name, _)| *name).collect();
        let (name, known) = (shown(name), known.join(", "));
        format!(
            "its tokenizer cuts text as {name} does (`tokenizer.ggml.pre`); those that are known are {known}"
        )
    })
}

/// A list of texts, which grows with what is there.
fn texts<'a>(metadata: &Metadata<'a>, key: &str, faults: &mut Faults) -> Vec<&'a str> {
    match metadata.array(key).and_then(|array| array.texts()) {
        Some(texts) => texts.collect(),
        None => {
            faults.push(format!("the list of texts `{key}` is missing"));
            vec![]
        }
    }
}

fn roles(metadata: &Metadata, tokens: usize, faults: &mut Faults) -> Vec<Role> {
    let Some(types) = metadata.array(TYPES).and_then(|array| array.integers()) else {
        faults.push(format!("the list of integers `{TYPES}` is missing"));
        return vec![];
    };
    let mut roles = vec![];
    for number in types {
        roles.push(match number {
            // Normal, and unused.
            1 | 5 => Role::Ordinary,
            // Unknown, and control.
            2 | 3 => Role::Special,
            4 => Role::Added,
            other => {
                faults.push(format!(
                    "token {} has type {other}, which byte-level BPE does not have",
                    roles.len()
                ));
                Role::Ordinary
            }
        });
    }
    if roles.len() != tokens {
        faults.push(format!("there are {tokens} tokens and {} types of tokens", roles.len()));
    }
    roles
}

/// The pairs, if they and what they make are tokens; and whether tokens are unique.
fn checked_merges<'a>(
    tokens: &[&'a str],
    merges: &[&'a str],
    faults: &mut Faults,
) -> Vec<(&'a str, &'a str)> {
    let mut ids = BTreeMap::new();
    for (id, token) in tokens.iter().enumerate() {
        if token.is_empty() {
            faults.push(format!("token {id} is empty"));
        }
        if let Some(other) = ids.insert(*token, id) {
            faults.push(format!("the tokens {other} and {id} are both {}", shown(token)));
        }
    }
    let mut pairs = vec![];
    let mut seen = BTreeSet::new();
    for merge in merges {
        let pair = merge.split_once(' ').filter(|(_, second)| !second.contains(' '));
        let joined = pair.map(|(first, second)| [first, second].concat());
        if !seen.insert(*merge) {
            faults.push(format!("the merge {} is there twice", shown(merge)));
        }
        match pair.zip(joined) {
            Some((pair, joined)) if [pair.0, pair.1, &joined].iter().all(|part| ids.contains_key(part)) => {
                pairs.push(pair);
            }
            _ => faults.push(format!("the merge {} is not one of two tokens to a third", shown(merge))),
        }
    }
    pairs
}

fn id(metadata: &Metadata, name: &str, tokens: u64, faults: &mut Faults) -> Option<u64> {
    let key = format!("tokenizer.ggml.{name}_token_id");
    let value = metadata.get(&key)?;
    let id = value.count().filter(|id| *id < tokens);
    if id.is_none() {
        faults.push(format!("`{key}` is not one of {tokens} tokens"));
    }
    id
}

fn flag(metadata: &Metadata, name: &str, faults: &mut Faults) -> bool {
    let key = format!("tokenizer.ggml.{name}");
    match metadata.get(&key) {
        None => false,
        Some(Value::Bool(flag)) => *flag,
        Some(_) => {
            faults.push(format!("`{key}` is neither true nor false"));
            false
        }
    }
}
