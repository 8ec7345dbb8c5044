//! The embedding table has a row for every token, and for the mask where tokens are hidden.

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
    let facts = model.eval.tokenizer_facts(tokenizer).ok()?;
    // What predicts hidden tokens needs a row for the mask, and one for padding if positions are counted from it.
    let spec = model.eval.model(model.id).ok()?;
    let hides = !spec.objectives().contains(&"causal_lm");
    let padding = || spec.exchange().padding.and(facts.all_marks().padding).map_or(0, |id| u64::from(id) + 1);
    let needed = if hides { facts.vocab_with_mask().max(padding()) } else { facts.vocab };
    let name = model.eval.object_name(tokenizer);
    (vocab.0 < needed).then(|| codes::e0410::vocabulary(vocab, &name, needed, hides))
}
