//! E0961: a model folder could not be read or written.

use regimen_base::{Code, CodePage, Diagnostic};
use std::path::Path;

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0961"),
    title: "a model folder could not be read or written",
    page: "\
A folder in Hugging Face's layout holds `config.json`, `tokenizer.json`, and `model.safetensors` or
`model.safetensors.index.json` with the files that it names. One of them is missing, cannot be read or written, is not valid,
or describes another model than the declared one.

Only safetensors are read: a `pytorch_model.bin` is a pickle, and loading a pickle runs whatever code it contains.

A folder that is written is a new one: what is there already is never overwritten.

**Fix.** Export into a folder that does not exist yet. If what is to be read holds only a pickle, convert it once where it is trusted:

```
python -c \"from transformers import AutoModel as M; M.from_pretrained('folder').save_pretrained('folder-safe')\"
```
",
};

/// `what` is a full sentence without its full stop.
pub fn exchange_failed(path: &Path, what: impl AsRef<str>) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{}`: {}", path.display(), what.as_ref())).help(
        "the folder needs config.json, tokenizer.json and model.safetensors as `save_pretrained` writes them",
    )
}

/// A configuration of a model that is only used asks for something that is never computed.
pub fn not_computed(path: &Path) -> Diagnostic {
    let title = format!("`{}` asks for what Regimen does not compute", path.display());
    Diagnostic::error(PAGE.code, title)
        .help("name a model without these entries; what is computed is in `regimen reference language`, kind `model`")
}

/// The folder that is to be written is there.
pub fn export_exists(target: &Path) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{}` exists already; nothing is overwritten", target.display()))
        .help("name a folder that does not exist yet, or move this one away")
}

/// The generator is asked for of a model that has none.
pub fn no_generator(model: &str, architecture: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("the model `{model}` of type `{architecture}` has no generator"))
        .because("Only detectors of replaced tokens have one: electra, and deberta with `generator_layers` and `mask_decoder = plain`.")
        .help("export the model itself: leave `--generator` out")
}

/// The special tokens that the model was trained with have no place in the tokenizer; `why` is a full sentence without its full stop.
pub fn tokenizer_not_exported(tokenizer: &str, why: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("the tokenizer `{tokenizer}` cannot be written: {why}"))
        .because("The exported tokenizer must have the special tokens that the model was trained with, by their ids.")
        .help("train with a tokenizer whose vocabulary has no gaps, or one that has [MASK], [PAD], [CLS] and [SEP]")
}

/// The folder cannot be written.
pub fn export_failed(target: &Path, error: &std::io::Error) -> Diagnostic {
    let why = match error.kind() {
        std::io::ErrorKind::NotFound => "the folder that it should lie in does not exist".to_owned(),
        _ => error.to_string(),
    };
    Diagnostic::error(PAGE.code, format!("`{}` cannot be written: {why}", target.display()))
        .help("check that the folder around it exists and may be written to, and that the disk is not full")
}
