//! Where chat templates come from: the tokenizer, a name, or a file of the experiment.

use super::template::{Edges, TEMPLATE_FILE, edges_of, template_of};
use super::{Template, known};
use crate::Outcome;
use crate::codes::e0590;
use crate::files::{self, Place};
use crate::tokenizer::{CONFIG_FILE, SPECIAL_FILE, Tokenize};
use regimen_base::data::{ChatTemplate, Tokenizer, TokenizerKind};
use serde_json::Value;
use std::path::Path;

/// More bytes than any template or configuration has.
const LARGEST: u64 = 16 << 20;

/// A template's text and the special tokens that it may mention, before either is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    source: String,
    edges: Edges,
}

/// Looks a dataset's template up. Only small files are read.
///
/// # Errors
/// If there is none, or a file cannot be read.
pub fn open(place: &Place, tokenizer: &Tokenizer, chat_template: &ChatTemplate) -> Outcome<Opened> {
    open_if_any(place, tokenizer, chat_template)?.ok_or_else(|| vec![e0590::none(&tokenizer.name)])
}

/// The same; nothing if it is the tokenizer's and this has none.
///
/// # Errors
/// If a file cannot be read.
pub fn open_if_any(
    place: &Place,
    tokenizer: &Tokenizer,
    chat_template: &ChatTemplate,
) -> Outcome<Option<Opened>> {
    let folder = match &tokenizer.kind {
        TokenizerKind::Hf { path, .. } => Some(folder(place, path)),
        _ => None,
    };
    let read = |name: &str| match folder {
        Some(folder) if place.root.join(folder).join(name).exists() => {
            text(place, &folder.join(name)).map(Some)
        }
        _ => Ok(None),
    };
    let config = object(read(CONFIG_FILE)?);
    let named = edges_of(&config);
    let older = edges_of(&object(read(SPECIAL_FILE)?));
    let or = |one: String, other: String| if one.is_empty() { other } else { one };
    let edges = Edges { beginning: or(named.beginning, older.beginning), end: or(named.end, older.end) };
    let source = match chat_template {
        ChatTemplate::Tokenizer => read(TEMPLATE_FILE)?.or_else(|| template_of(&config)),
        ChatTemplate::Known(name) => known::find(name).map(str::to_owned),
        ChatTemplate::File(path) => Some(text(place, Path::new(path))?),
    };
    Ok(source.map(|source| Opened { source, edges }))
}

impl Opened {
    /// What identifies it.
    pub fn key(&self) -> (&str, &str, &str) {
        (&self.source, &self.edges.beginning, &self.edges.end)
    }

    /// What `tokenizer_config.json` says of it where the token that ends texts is `stop`.
    pub(crate) fn entries(&self, stop: &str) -> Vec<(String, Value)> {
        let Edges { beginning, end } = &self.edges;
        // What reads the file takes the end of texts for the template's `eos_token`; where that is another, the template says so itself.
        let source = match end.is_empty() || end == stop {
            true => self.source.clone(),
            false => format!("{{%- set eos_token = {} -%}}{}", Value::String(end.clone()), self.source),
        };
        let begin = (!beginning.is_empty()).then(|| ("bos_token".to_owned(), beginning.clone().into()));
        begin.into_iter().chain([("chat_template".to_owned(), source.into())]).collect()
    }

    /// The template. Of a tokenizer whose files name no end, the token between documents is the end.
    ///
    /// # Errors
    /// If the text is no template.
    pub fn template(&self, tokenizer: &dyn Tokenize) -> Outcome<Template> {
        let mut edges = self.edges.clone();
        if edges.end.is_empty() {
            edges.end = tokenizer.decode(&[tokenizer.end_of_text()]);
        }
        Template::new(&self.source, edges).map_err(|fault| vec![*fault])
    }
}

/// The folder that a `tokenizer.json` lies in.
fn folder<'p>(place: &Place, path: &'p str) -> &'p Path {
    let path = Path::new(path);
    if place.root.join(path).is_dir() { path } else { path.parent().unwrap_or(Path::new("")) }
}

fn text(place: &Place, path: &Path) -> Outcome<String> {
    let file = files::find_one(place, path)?;
    let failed = |why: String| vec![e0590::refused(&file.name, &why)];
    if file.stamp.size > LARGEST {
        return Err(failed(format!("it has {} bytes, more than a template ever has", file.stamp.size)));
    }
    std::fs::read_to_string(&file.path).map_err(|e| failed(e.to_string()))
}

/// What is no JSON was refused when the tokenizer was read.
fn object(text: Option<String>) -> Value {
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}
