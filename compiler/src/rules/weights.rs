//! A model with `weights` has the sizes that the folder's `config.json` states.

use super::ModelView;
use crate::arch::declare;
use crate::codes;
use crate::program::Origin;
use crate::world::join;
use regimen_base::Diagnostic;

/// Largest `config.json` that is parsed.
const MAX_BYTES: usize = 1 << 20;

/// Whether the vocabulary is that of a tokenizer whose size is a guess.
fn guessed(model: &ModelView<'_>) -> bool {
    let defaulted = model.fields.known("vocab").is_some_and(|vocab| vocab.origin == Origin::Default);
    defaulted && model.guesses_tokenizer()
}

/// The rule.
pub fn check(model: &ModelView<'_>) -> Option<Diagnostic> {
    let weights = model.fields.known("weights")?;
    let folder = model.fields.text("weights").ok()?;
    let path = join(&folder, "config.json", model.eval.world().may_leave())?;
    let text = match model.eval.world().read(&path) {
        Ok(text) if text.len() <= MAX_BYTES => text,
        Ok(_) => return Some(codes::e0421::unreadable(&path, "it is larger than 1 MiB", weights.span)),
        Err(error) => return Some(codes::e0421::unreadable(&path, &error.to_string(), weights.span)),
    };
    let config: serde_json::Value = match serde_json::from_str(&text) {
        Ok(config) => config,
        Err(error) => return Some(codes::e0421::unreadable(&path, &error.to_string(), weights.span)),
    };
    if let Some(why) = declare::beyond(&config) {
        return Some(codes::e0421::other(&folder, &why, weights.span));
    }
    let architecture = crate::arch::find(model.fields.type_name?)?;
    let mut wrong = vec![];
    for (field, key) in architecture.config_sizes() {
        // A key may be missing or null where a default of the format applies.
        let Some(there) = config.get(key).and_then(serde_json::Value::as_u64) else { continue };
        let Some((own, span)) = model.count(field) else { continue };
        if own != there && !(*field == "vocab" && guessed(model)) {
            wrong.push((field.to_string(), own.to_string(), there.to_string(), span));
        }
    }
    (!wrong.is_empty()).then(|| codes::e0421::sizes(model.name, &folder, &wrong, weights.span))
}
