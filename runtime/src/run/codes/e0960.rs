//! E0960: the tensors of an exchanged model are not those of the plan.

use super::listed;
use regimen_base::{Code, CodePage, Diagnostic};
use std::path::Path;

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0960"),
    title: "the tensors of a model folder are not those of the model",
    page: "\
Weights are loaded from a folder in Hugging Face's layout. Every weight of the declared model must be there with its shape, and
nothing else, because a tensor left out or left over means that the folder holds another model than the declared one.
A leading `transformer.` in names, and a tied `lm_head.weight` with the same content as the embedding, are accepted.

All missing, additional and ill-shaped tensors are listed in one message.

**Fix.** Declare the model as the folder's `config.json` describes it: `layers` = `n_layer`, `heads` = `n_head`, `hidden` = `n_embd`,
`context` = `n_positions`, and a tokenizer with `vocab_size` entries.
",
};

/// What does not fit; at least one list is not empty.
pub fn tensors_differ(folder: &Path, missing: &[String], extra: &[String], wrong: &[String]) -> Diagnostic {
    let count = missing.len() + extra.len() + wrong.len();
    let title = format!("{count} tensors in `{}` do not fit the model", folder.display());
    let mut diagnostic = Diagnostic::error(PAGE.code, title);
    if !missing.is_empty() {
        diagnostic = diagnostic.because(format!("Missing: {}.", listed(missing)));
    }
    if !extra.is_empty() {
        diagnostic = diagnostic.because(format!("Not part of the model: {}.", listed(extra)));
    }
    if !wrong.is_empty() {
        diagnostic = diagnostic.because(format!("Wrong shape or type: {}.", listed(wrong)));
    }
    diagnostic.help("declare the model as the folder's `config.json` describes it, or name another folder")
}
