//! The embedding table has a row for every token.

use super::ModelView;
use crate::codes;
use regimen_base::Diagnostic;

/// The rule.
pub fn check(model: &ModelView<'_>) -> Option<Diagnostic> {
    let vocab = model.count("vocab")?;
    if model.guesses_tokenizer() {
        return None;
    }
    let tokenizer = model.fields.object("tokenizer").ok()?;
    let needed = model.eval.tokenizer_facts(tokenizer).ok()?.vocab;
    let name = model.eval.object_name(tokenizer);
    (vocab.0 < needed).then(|| codes::e0410::vocabulary(vocab, &name, needed))
}
