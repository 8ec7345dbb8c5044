//! Tokenizers in a folder, as Hugging Face tools lay them out: `tokenizer.json` and beside it
//! `tokenizer_config.json`, which names the special tokens. A checkpoint has both.

use super::{Bpe, Bytes, Chars, END_OF_TEXT, Hf, Tokenize};
use crate::Fault;
use crate::chat::Opened;
use crate::codes::e0559;
use serde_json::{Value, json};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Name of the file with the tokenizer itself.
pub const TOKENIZER_FILE: &str = "tokenizer.json";
/// Name of the file with what is known about it.
pub const CONFIG_FILE: &str = "tokenizer_config.json";
/// Name of an older file that may name the special tokens.
pub(crate) const SPECIAL_FILE: &str = "special_tokens_map.json";
/// A tokenizer.json of more bytes is refused; the largest published ones have about 40 MB.
const MAX_FILE: u64 = 512 << 20;

/// Writes both files into an existing folder. The chat template, if there is one, goes into the second, where transformers looks for it.
///
/// # Errors
/// If writing fails; the caller knows whether the folder is a checkpoint or the cache.
pub fn save(tokenizer: &dyn Tokenize, chat: Option<&Opened>, folder: &Path) -> io::Result<()> {
    let json = tokenizer.to_json();
    let stop = tokenizer.decode(&[tokenizer.end_of_text()]);
    let mut config = json!({
        "eos_token": stop,
        "regimen_type": tokenizer.kind(),
        "tokenizer_class": "PreTrainedTokenizerFast",
    });
    if let (Some(chat), Some(entries)) = (chat, config.as_object_mut()) {
        entries.extend(chat.entries(&stop));
    }
    std::fs::write(folder.join(TOKENIZER_FILE), json)?;
    std::fs::write(folder.join(CONFIG_FILE), format!("{config:#}\n"))
}

/// Reads a tokenizer from a folder, or from a `tokenizer.json`. `name` is for messages; `end_of_text`
/// overrides what the files name.
///
/// # Errors
/// If there is no usable tokenizer there, or its end-of-text token is not known.
pub fn open(name: &str, path: &Path, end_of_text: Option<&str>) -> Result<Arc<dyn Tokenize>, Fault> {
    let (folder, file) = if path.is_dir() {
        (path, path.join(TOKENIZER_FILE))
    } else {
        (path.parent().unwrap_or(Path::new("")), path.to_path_buf())
    };
    let json = read(name, &file)?;
    let config = object(name, &folder.join(CONFIG_FILE))?;
    let own = config.get("regimen_type").and_then(Value::as_str);
    match own {
        Some("bytes") if json == Bytes.to_json() => return Ok(Arc::new(Bytes)),
        Some("chars") => {
            if let Some(chars) = chars_of(&json) {
                return Ok(Arc::new(chars));
            }
        }
        Some("bpe") if end_of_text.is_none_or(|t| t == END_OF_TEXT) => {
            return Ok(Arc::new(Bpe::from_json(&shown(name, &file), json)?));
        }
        _ => {}
    }
    let named = match token_of(&config) {
        Some(token) => Some(token),
        None => token_of(&object(name, &folder.join(SPECIAL_FILE))?),
    };
    let end_of_text = end_of_text.map(str::to_string).or(named);
    Ok(Arc::new(Hf::from_json(&shown(name, &file), json, end_of_text.as_deref())?))
}

/// The tokenizer of characters whose `tokenizer.json` this is, to the byte.
fn chars_of(json: &str) -> Option<Chars> {
    let value: Value = serde_json::from_str(json).ok()?;
    let vocab = value.get("model")?.get("vocab")?.as_object()?;
    let single = vocab.keys().filter_map(|token| {
        let mut characters = token.chars();
        characters.next().filter(|_| characters.next().is_none())
    });
    let chars = Chars::new(single.collect());
    (chars.to_json() == json).then_some(chars)
}

/// `eos_token`, which is a string or an object with `content`.
fn token_of(config: &Value) -> Option<String> {
    let token = config.get("eos_token")?;
    token.as_str().or_else(|| token.get("content")?.as_str()).map(str::to_string)
}

/// The file's JSON, or null if there is no such file.
fn object(name: &str, file: &Path) -> Result<Value, Fault> {
    if !file.exists() {
        return Ok(Value::Null);
    }
    let text = read(name, file)?;
    serde_json::from_str(&text)
        .map_err(|e| Box::new(e0559::bad_tokenizer_file(&shown(name, file), &e.to_string())))
}

fn read(name: &str, file: &Path) -> Result<String, Fault> {
    let failed = |why: String| Box::new(e0559::bad_tokenizer_file(&shown(name, file), &why));
    let size = std::fs::metadata(file).map_err(|e| failed(e.to_string()))?.len();
    if size > MAX_FILE {
        return Err(failed(format!("it has {size} bytes, more than a tokenizer ever has")));
    }
    std::fs::read_to_string(file).map_err(|e| failed(e.to_string()))
}

/// The path as the user wrote it, followed by the file if it is another one in that folder.
fn shown(name: &str, file: &Path) -> String {
    let last = file.file_name().map(|f| f.to_string_lossy().into_owned()).unwrap_or_default();
    if name.ends_with(&last) { name.to_string() } else { format!("{}/{last}", name.trim_end_matches('/')) }
}
