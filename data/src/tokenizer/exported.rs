//! A tokenizer as transformers needs it beside an exported model: with every special token that the model was trained with, by name.
//!
//! Encoders are trained with ids that a tokenizer need not have: those of the mask, of padding, and of the marks around texts. Where it
//! leaves them free they become tokens of `tokenizer.json`, and `tokenizer_config.json` names what each is for.

use serde_json::{Map, Value, json};

/// What the model was trained with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Tokens that the model can see.
    pub context: u64,
    /// The special tokens; none for a model that generates text.
    pub special: Option<Special>,
    /// Whether the model tells first texts of a pair from second ones.
    pub segments: bool,
}

/// Ids of special tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Special {
    /// What stands for a hidden token.
    pub mask: u32,
    /// What fills samples up.
    pub padding: Option<u32>,
    /// What stands before a text.
    pub begin: Option<u32>,
    /// What stands after it.
    pub end: Option<u32>,
    /// Whether texts stand between the two.
    pub around: bool,
    /// Two ids whose tokens change places.
    pub swapped: Option<(u32, u32)>,
}

/// How new tokens are written; `[MASK]` as BERT's, because Regimen and others know them by these names.
const NAMES: [&str; 4] = ["[MASK]", "[PAD]", "[CLS]", "[SEP]"];

/// What transformers calls them.
const ROLES: [&str; 4] = ["mask_token", "pad_token", "cls_token", "sep_token"];

/// Both files, from those of a checkpoint.
///
/// # Errors
/// Says in one sentence why the tokenizer cannot be written so.
pub fn exported(tokenizer: &str, config: &str, wanted: &Wanted) -> Result<(String, String), String> {
    let invalid = |e: serde_json::Error| format!("it is not valid JSON: {e}");
    let mut config: Map<String, Value> = serde_json::from_str(config).map_err(invalid)?;
    config.insert("model_max_length".to_owned(), json!(wanted.context));
    config.insert("model_input_names".to_owned(), inputs(wanted));
    let Some(special) = wanted.special else {
        return Ok((tokenizer.to_owned(), text(&config.into())));
    };
    let mut file: Value = serde_json::from_str(tokenizer).map_err(invalid)?;
    let ids = [Some(special.mask), special.padding, special.begin, special.end];
    let mut names: [Option<String>; 4] = [None, None, None, None];
    // New tokens come in the order of their ids, which is how a list of tokens grows.
    let mut order: Vec<usize> = (0..ids.len()).filter(|role| ids[*role].is_some()).collect();
    order.sort_by_key(|role| ids[*role]);
    for role in order {
        let Some(id) = ids[role] else { continue };
        names[role] = Some(named(&mut file, id, NAMES[role], role == 0)?);
    }
    if let Some((a, b)) = special.swapped {
        swap(&mut file, a, b)?;
    }
    if let (true, [_, _, Some(begin), Some(end)]) = (special.around, &names) {
        put_around(&mut file, begin, end, wanted.segments)?;
    }
    for (role, name) in ROLES.iter().zip(names) {
        if let Some(name) = name {
            config.insert((*role).to_owned(), json!(name));
        }
    }
    // The vocabulary is no longer the one that this name stands for.
    config.remove("regimen_type");
    Ok((text(&file), text(&config.into())))
}

fn text(value: &Value) -> String {
    format!("{value:#}\n")
}

/// What the model's forward pass takes of what the tokenizer gives.
fn inputs(wanted: &Wanted) -> Value {
    match wanted.segments {
        true => json!(["input_ids", "token_type_ids", "attention_mask"]),
        false => json!(["input_ids", "attention_mask"]),
    }
}

/// The vocabulary as an object of ids, or a list of pieces and their scores.
fn vocab(file: &mut Value) -> Result<&mut Value, String> {
    let vocab = file.get_mut("model").and_then(|model| model.get_mut("vocab"));
    vocab.filter(|v| v.is_object() || v.is_array()).ok_or_else(|| "its model has no vocabulary".to_owned())
}

fn added(file: &mut Value) -> Result<&mut Vec<Value>, String> {
    if file.get("added_tokens").is_none_or(Value::is_null) {
        file["added_tokens"] = json!([]);
    }
    file["added_tokens"].as_array_mut().ok_or_else(|| "its added tokens are no list".to_owned())
}

/// The token of an id, which is made if the id is free, as a special token.
fn named(file: &mut Value, id: u32, name: &str, mask: bool) -> Result<String, String> {
    if let Some(token) = added(file)?.iter_mut().find(|token| token["id"] == id) {
        token["special"] = json!(true);
        let content = token["content"].as_str().map(str::to_owned);
        return content.ok_or_else(|| format!("its added token {id} has no content"));
    }
    let name = match token_of(vocab(file)?, id) {
        Some(name) => name,
        None => new_token(vocab(file)?, id, name)?,
    };
    // A word's token begins with the space before it, which the mask therefore stands for too.
    let left = mask && splits_words(file);
    added(file)?.push(json!({
        "id": id, "content": name, "single_word": false, "lstrip": left, "rstrip": false, "normalized": false, "special": true,
    }));
    added(file)?.sort_by_key(|token| token["id"].as_u64());
    Ok(name)
}

/// Whether it is a byte-level tokenizer whose tokens are parts of words.
fn splits_words(file: &Value) -> bool {
    let before = &file["pre_tokenizer"];
    before["type"] == "ByteLevel" && before["use_regex"] != false
}

fn token_of(vocab: &Value, id: u32) -> Option<String> {
    match vocab {
        Value::Object(ids) => ids.iter().find(|(_, known)| **known == id).map(|(token, _)| token.clone()),
        Value::Array(pieces) => pieces.get(id as usize)?.get(0)?.as_str().map(str::to_owned),
        _ => None,
    }
}

/// A token that no text has, with this id.
fn new_token(vocab: &mut Value, id: u32, name: &str) -> Result<String, String> {
    let mut name = name.to_owned();
    while has(vocab, &name) {
        name = format!("<{name}>");
    }
    match vocab {
        Value::Object(ids) => drop(ids.insert(name.clone(), json!(id))),
        // Pieces of a unigram model have their places for ids; what is special is never found by its score.
        Value::Array(pieces) if pieces.len() == id as usize => pieces.push(json!([name, 0.0])),
        _ => return Err(format!("its vocabulary has no place for a token of id {id}")),
    }
    Ok(name)
}

fn has(vocab: &Value, name: &str) -> bool {
    match vocab {
        Value::Object(ids) => ids.contains_key(name),
        Value::Array(pieces) => pieces.iter().any(|piece| piece.get(0).is_some_and(|known| known == name)),
        _ => false,
    }
}

/// Gives the tokens of two ids each other's.
fn swap(file: &mut Value, a: u32, b: u32) -> Result<(), String> {
    match vocab(file)? {
        Value::Object(ids) => ids.values_mut().for_each(|id| exchange(id, a, b)),
        Value::Array(pieces) if (a.max(b) as usize) < pieces.len() => pieces.swap(a as usize, b as usize),
        _ => return Err(format!("its vocabulary has no tokens of the ids {a} and {b}")),
    }
    if let Some(unknown) = file["model"].get_mut("unk_id") {
        exchange(unknown, a, b);
    }
    for token in added(file)? {
        exchange(&mut token["id"], a, b);
    }
    added(file)?.sort_by_key(|token| token["id"].as_u64());
    if let Some(after) = file.get_mut("post_processor") {
        exchange_in(after, a, b);
    }
    Ok(())
}

fn exchange(id: &mut Value, a: u32, b: u32) {
    if *id == a {
        *id = json!(b);
    } else if *id == b {
        *id = json!(a);
    }
}

/// Ids in a post-processor: lists `ids`, and the pairs `sep` and `cls` of a token and its id.
fn exchange_in(part: &mut Value, a: u32, b: u32) {
    match part {
        Value::Object(fields) => {
            for (name, field) in fields {
                match (name.as_str(), field.as_array_mut()) {
                    ("ids", Some(ids)) => ids.iter_mut().for_each(|id| exchange(id, a, b)),
                    ("sep" | "cls", Some(pair)) => {
                        pair.iter_mut().skip(1).for_each(|id| exchange(id, a, b));
                    }
                    _ => exchange_in(field, a, b),
                }
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(|part| exchange_in(part, a, b)),
        _ => {}
    }
}

/// Puts the marks around every text and pair of texts, unless the tokenizer says itself what stands around texts.
fn put_around(file: &mut Value, begin: &str, end: &str, segments: bool) -> Result<(), String> {
    if file.get("post_processor").is_some_and(|after| !after.is_null()) {
        return Ok(());
    }
    let mut known = Map::new();
    for name in [begin, end] {
        let id = added(file)?.iter().find(|token| token["content"] == name).map(|token| token["id"].clone());
        known.insert(name.to_owned(), json!({"id": name, "ids": [id], "tokens": [name]}));
    }
    let second = u32::from(segments);
    let mark = |name: &str, segment: u32| json!({"SpecialToken": {"id": name, "type_id": segment}});
    let text = |name: &str, segment: u32| json!({"Sequence": {"id": name, "type_id": segment}});
    let single = [mark(begin, 0), text("A", 0), mark(end, 0)];
    let pair = [&single[..], &[text("B", second), mark(end, second)]].concat();
    file["post_processor"] =
        json!({"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": known});
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::{Bytes, Chars, Hf, Tokenize};

    const SPECIAL: Special = Special {
        mask: 257,
        padding: Some(258),
        begin: Some(259),
        end: Some(260),
        around: true,
        swapped: Some((1, 258)),
    };

    fn wanted(special: Option<Special>) -> Wanted {
        Wanted { context: 64, special, segments: true }
    }

    #[test]
    fn free_ids_become_special_tokens_and_keep_their_roles_when_read_back() {
        let (file, config) =
            exported(&Bytes.to_json(), "{\"regimen_type\":\"bytes\"}", &wanted(Some(SPECIAL))).unwrap();
        let read = Hf::from_json("t", file.clone(), Some("<|endoftext|>")).unwrap();
        assert_eq!((read.mask(), read.marks().padding), (Some(257), Some(1)));
        assert_eq!((read.marks().begin, read.marks().end, read.vocab()), (Some(259), Some(260), 261));
        let config: Value = serde_json::from_str(&config).unwrap();
        assert_eq!((&config["mask_token"], &config["pad_token"]), (&json!("[MASK]"), &json!("[PAD]")));
        assert_eq!((&config["model_max_length"], config.get("regimen_type")), (&json!(64), None));
        let file: Value = serde_json::from_str(&file).unwrap();
        assert_eq!(file["post_processor"]["special_tokens"]["[CLS]"]["ids"], json!([259]));
        assert_eq!(file["post_processor"]["pair"].as_array().map(Vec::len), Some(5));
    }

    #[test]
    fn only_the_two_ids_that_change_places_are_others() {
        let (file, _) = exported(&Bytes.to_json(), "{}", &wanted(Some(SPECIAL))).unwrap();
        let read = Hf::from_json("t", file, Some("<|endoftext|>")).unwrap();
        let text = "a\u{1}[MASK]é\0";
        let swapped = |id: u32| if id == 1 { 258 } else { id };
        let expected: Vec<u32> = Bytes.encode(text).unwrap().into_iter().map(swapped).collect();
        assert_eq!(read.encode(text).unwrap(), expected);
    }

    #[test]
    fn a_taken_name_is_written_otherwise_and_models_that_write_keep_their_file() {
        let chars = Chars::new("[MASK]".chars().collect()).to_json();
        let taken = chars.replacen("\"[\"", "\"[MASK]\"", 1);
        let special =
            Special { mask: 8, padding: None, begin: None, end: None, around: false, swapped: None };
        let (_, config) = exported(&taken, "{}", &wanted(Some(special))).unwrap();
        assert!(config.contains("<[MASK]>"), "{config}");
        let (same, config) = exported(&chars, "{\"regimen_type\":\"chars\"}", &wanted(None)).unwrap();
        assert_eq!(same, chars);
        assert!(config.contains("regimen_type") && !config.contains("mask_token"));
    }

    #[test]
    fn ids_of_unigram_models_and_of_post_processors_change_too() {
        let file = json!({
            "added_tokens": [{"id": 0, "content": "<s>", "special": true}],
            "post_processor": {"type": "Sequence", "processors": [{"type": "RobertaProcessing", "sep": ["b", 2], "cls": ["<s>", 0]}]},
            "model": {"type": "Unigram", "unk_id": 1, "vocab": [["<s>", 0.0], ["<unk>", 0.0], ["b", -1.0]]},
        });
        let special = Special {
            mask: 3,
            padding: Some(2),
            begin: Some(0),
            end: None,
            around: false,
            swapped: Some((1, 2)),
        };
        let (file, _) = exported(&file.to_string(), "{}", &wanted(Some(special))).unwrap();
        let file: Value = serde_json::from_str(&file).unwrap();
        assert_eq!(
            file["model"]["vocab"],
            json!([["<s>", 0.0], ["b", -1.0], ["<unk>", 0.0], ["[MASK]", 0.0]])
        );
        assert_eq!(file["model"]["unk_id"], 2);
        assert_eq!(file["post_processor"]["processors"][0]["sep"], json!(["b", 1]));
        let pieces = json!({"model": {"vocab": [["a", 0.0]]}}).to_string();
        let far = Special { mask: 7, padding: None, begin: None, end: None, around: false, swapped: None };
        assert!(
            exported(&pieces, "{}", &wanted(Some(far))).unwrap_err().contains("no place for a token of id 7")
        );
    }
}
