//! E0573: a model in a GGUF file cannot be imported.

use regimen_base::{Code, CodePage, Diagnostic};
use std::path::Path;

/// What `regimen explain E0573` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0573"),
    title: "the model in a GGUF file is not supported",
    page: r#"The file is sound, but the model in it is not one that `regimen import` can write so that it computes the same elsewhere. Supported are
models of the architecture `llama` without experts and without scaled rotary embeddings, whose tokenizer is
byte-level BPE (`gpt2`) that cuts text as `smollm`, `gpt-2` or `default` say. The message lists everything that is
different: tensors that are missing or not expected, sizes that do not fit, metadata that are not understood.

Nothing is ever guessed: a tensor that were left out, or a text cut by another rule, would give a model that is a little wrong.
"#,
};

/// The model cannot be written in another layout, for all these reasons.
pub fn unsupported(path: &Path, faults: Vec<String>) -> Diagnostic {
    let title = format!("the model in `{}` cannot be imported", path.display());
    let message = faults.into_iter().fold(Diagnostic::error(PAGE.code, title), Diagnostic::because);
    message.help("`regimen explain E0573` says which models can; look for this one in Hugging Face's layout")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_what_is_wrong() {
        let message = unsupported(Path::new("a.gguf"), vec!["one".into(), "two".into()]);
        assert_eq!((message.code, message.notes.len()), (PAGE.code, 2));
        assert!(message.title.contains("`a.gguf`"));
    }
}
