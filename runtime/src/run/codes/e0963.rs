//! E0963: text cannot be generated.

use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0963"),
    title: "text cannot be generated",
    page: "\
Generation takes the tokens of a prompt into a cache of keys and values and appends one token at a time, drawn from the model's
distribution. It needs at least one token to start from, and logits that are finite.

A prompt longer than that cache is cut, which is a warning: the model sees its end only.

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

/// A prompt of so many tokens is longer than the cache: the model sees the last `seen` of them.
pub fn prompt_cut(tokens: u64, seen: u64, length: u64, context: u64) -> Diagnostic {
    let title =
        format!("the model does not see the beginning of the prompt: {seen} of its {tokens} tokens are left");
    let why = if length < context {
        format!("The cache holds {length} tokens; the model can see {context}.")
    } else {
        format!("The model can see {context} tokens.")
    };
    let help = if length < context {
        format!("give a longer `--context`, up to {context}, or a shorter prompt")
    } else {
        "give a shorter prompt, or put what matters at its end".to_owned()
    };
    Diagnostic::warning(PAGE.code, title)
        .because(why)
        .because("A text that is longer than the cache loses its older half, so that there is room to go on.")
        .help(help)
}

/// `what` completes "cannot generate: ".
pub fn generation_failed(what: impl AsRef<str>) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("cannot generate: {}", what.as_ref()))
}
