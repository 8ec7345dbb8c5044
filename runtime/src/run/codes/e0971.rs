//! E0971: windows that texts cannot be cut into.

use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0971"),
    title: "windows that texts cannot be cut into",
    page: "\
`regimen evaluate` cuts texts into windows that overlap. A window has `--context` tokens, at most as many as the model can see, and begins
`--stride` tokens after the one before it, at most as many as a window has. Of a window's predictions those count that no earlier window
made: every token but the first of a text is predicted once, with at least context − stride tokens before it wherever there are so many.

`regimen generate` keeps at most as many tokens in its cache as the model can see.

Small strides give each token more to go on, so that the loss is lower, and take longer. A stride of a whole window makes plain blocks.

**Fix.** Choose a window that the model can see and a stride that is no longer:

```
regimen evaluate MODEL --text hamlet.txt --context 1024 --stride 512
```
",
};

/// `what` says what was asked for and what is possible.
pub fn windows_refused(what: impl AsRef<str>) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("texts cannot be cut so: {}", what.as_ref()))
        .help("give `--context` and `--stride` within these bounds")
}

/// A cache of `length` tokens is asked for; the model sees `context`.
pub fn cache_refused(length: u64, context: u64) -> Diagnostic {
    let title = format!("a cache of {length} tokens; the model can see {context}");
    Diagnostic::error(PAGE.code, title).help(format!("give `--context` {context} at most, or leave it out"))
}

/// The texts hold nothing to predict.
pub fn nothing_to_predict() -> Diagnostic {
    Diagnostic::error(PAGE.code, "there is nothing to predict: no text has two tokens")
        .help("name texts with something in them")
}
