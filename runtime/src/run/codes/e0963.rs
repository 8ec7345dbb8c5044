//! E0963: text cannot be generated.

use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0963"),
    title: "text cannot be generated",
    page: "\
Generation takes the tokens of a prompt into a cache of keys and values and appends one token at a time, drawn from the model's
distribution. It needs at least one token to start from, and logits that are finite.

The draw is made in double precision with a counter-based random number per position: the same model, prompt, settings and seed
give the same text.

**Fix.** Give a prompt that the tokenizer turns into at least one token:

```
regimen generate runs/gpt/pretrain/checkpoints/last --prompt \"First Citizen:\"
```
",
};

/// The prompt yields no token.
pub fn prompt_empty() -> Diagnostic {
    Diagnostic::error(PAGE.code, "the prompt holds no token to start from")
        .help("give a prompt with at least one character that the tokenizer knows")
}

/// `what` completes "cannot generate: ".
pub fn generation_failed(what: impl AsRef<str>) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("cannot generate: {}", what.as_ref()))
}
