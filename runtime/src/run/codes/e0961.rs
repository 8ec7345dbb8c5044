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

**Fix.** If there is only a pickle, convert it once where it is trusted:

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
