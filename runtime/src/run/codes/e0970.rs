//! E0970: a path that is no model.

use regimen_base::{Code, CodePage, Diagnostic};
use std::path::Path;

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0970"),
    title: "a model that cannot be used",
    page: "\
`regimen generate` and `regimen evaluate` take a checkpoint (its folder, or the folder of a run), or a folder in Hugging Face's layout with
`config.json`, `model.safetensors` and `tokenizer.json`, as `regimen import` and `regimen export` write it.

The model must predict the next token: GPT-2 or Llama. What its configuration says must be something that Regimen computes; anything
else is refused, and not approximated.

**Fix.** Name a folder that holds a model of these kinds:

```
regimen generate examples/smollm2/hf --prompt \"Once upon a time\"
regimen evaluate runs/gpt/pretrain --text plays/hamlet.txt
```
",
};

/// `why` says what is missing or different there.
pub fn model_not_usable(path: &Path, why: impl AsRef<str>) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("{} cannot be used: {}", path.display(), why.as_ref()))
        .help("name a checkpoint, the folder of a run, or a folder with config.json, model.safetensors and tokenizer.json")
}
