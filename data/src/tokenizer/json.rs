//! The parts of Hugging Face's `tokenizer.json` that tokenizers without merges need.
//!
//! Written field by field in a fixed order, because the text's hash is the tokenizer's identity.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

/// A tokenizer whose tokens are single characters.
pub(super) struct TokenizerJson {
    /// The tokens in the order of their ids.
    pub vocab: Vec<String>,
    /// The token for characters that are not in the vocabulary.
    pub unknown: Option<&'static str>,
    /// Special tokens; they are in the vocabulary, too.
    pub added: Vec<AddedToken>,
    /// How text is taken apart before the model sees it.
    pub pre_tokenizer: Option<Component>,
    /// How tokens become text.
    pub decoder: Component,
}

/// A special token.
pub(super) struct AddedToken {
    /// Its id.
    pub id: u32,
    /// How it is written.
    pub content: &'static str,
}

/// A pre-tokenizer or decoder.
#[derive(Clone, Copy)]
pub(super) enum Component {
    /// Bytes as printable characters.
    ByteLevel { use_regex: bool },
    /// Splits between any two characters: without it, a whole document would be one word.
    EveryCharacter,
    /// Joins tokens without spaces.
    Fuse,
}

impl TokenizerJson {
    pub(super) fn to_text(&self) -> String {
        let body = Ordered(vec![
            ("version", Part::Plain(json!("1.0"))),
            ("truncation", Part::Plain(Value::Null)),
            ("padding", Part::Plain(Value::Null)),
            ("added_tokens", Part::List(self.added.iter().map(AddedToken::part).collect())),
            ("normalizer", Part::Plain(Value::Null)),
            ("pre_tokenizer", self.pre_tokenizer.map_or(Part::Plain(Value::Null), Component::part)),
            ("post_processor", Part::Plain(Value::Null)),
            ("decoder", self.decoder.part()),
            ("model", self.model()),
        ]);
        // Strings, numbers and lists of them can always be written.
        serde_json::to_string_pretty(&body).unwrap_or_default()
    }

    fn model(&self) -> Part<'_> {
        Part::Object(Ordered(vec![
            ("type", Part::Plain(json!("BPE"))),
            ("dropout", Part::Plain(Value::Null)),
            ("unk_token", Part::Plain(json!(self.unknown))),
            ("continuing_subword_prefix", Part::Plain(Value::Null)),
            ("end_of_word_suffix", Part::Plain(Value::Null)),
            ("fuse_unk", Part::Plain(json!(false))),
            ("byte_fallback", Part::Plain(json!(false))),
            ("ignore_merges", Part::Plain(json!(false))),
            ("vocab", Part::Vocab(&self.vocab)),
            ("merges", Part::List(Vec::new())),
        ]))
    }
}

impl AddedToken {
    fn part(&self) -> Part<'static> {
        let no = || Part::Plain(json!(false));
        Part::Object(Ordered(vec![
            ("id", Part::Plain(json!(self.id))),
            ("content", Part::Plain(json!(self.content))),
            ("single_word", no()),
            ("lstrip", no()),
            ("rstrip", no()),
            ("normalized", no()),
            ("special", Part::Plain(json!(true))),
        ]))
    }
}

impl Component {
    fn part(self) -> Part<'static> {
        Part::Object(Ordered(match self {
            Component::ByteLevel { use_regex } => vec![
                ("type", Part::Plain(json!("ByteLevel"))),
                ("add_prefix_space", Part::Plain(json!(false))),
                ("trim_offsets", Part::Plain(json!(true))),
                ("use_regex", Part::Plain(json!(use_regex))),
            ],
            Component::EveryCharacter => vec![
                ("type", Part::Plain(json!("Split"))),
                ("pattern", Part::Object(Ordered(vec![("Regex", Part::Plain(json!("[\\s\\S]")))]))),
                ("behavior", Part::Plain(json!("Isolated"))),
                ("invert", Part::Plain(json!(false))),
            ],
            Component::Fuse => vec![("type", Part::Plain(json!("Fuse")))],
        }))
    }
}

/// A piece of JSON with its fields in the order given: `serde_json`'s own map has an order that depends on
/// how the crate was built.
enum Part<'a> {
    Plain(Value),
    List(Vec<Part<'a>>),
    Object(Ordered<'a>),
    Vocab(&'a [String]),
}

struct Ordered<'a>(Vec<(&'static str, Part<'a>)>);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Part::Plain(value) => value.serialize(serializer),
            Part::List(parts) => serializer.collect_seq(parts),
            Part::Object(object) => object.serialize(serializer),
            Part::Vocab(tokens) => {
                let mut map = serializer.serialize_map(Some(tokens.len()))?;
                for (id, token) in tokens.iter().enumerate() {
                    map.serialize_entry(token, &id)?;
                }
                map.end()
            }
        }
    }
}
