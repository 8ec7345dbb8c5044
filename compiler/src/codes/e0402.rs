//! E0402: sequences longer than the model sees.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0402");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "sequences longer than the model sees",
    page: r#"The model has positions for `context` tokens; a longer sample has no positions for its end.

```exp wrong
stage pretrain = base with { sequence = 128 tokens }
```

```exp right
stage pretrain = base with { sequence = 64 tokens }
```
"#,
};

/// `sequence` exceeds the model's `context`.
pub fn sequence(sequence: (u64, Span), context: u64, context_at: Span, model: &str) -> Diagnostic {
    Diagnostic::error(
        CODE,
        format!("sequences of {} tokens do not fit the context of `{model}`, {context} tokens", sequence.0),
    )
    .at(sequence.1, "longer than the context")
    .also(context_at, "the context")
    .help(format!("write `sequence = {context} tokens`, or give the model a longer context"))
    .fix(format!("write `{context} tokens`"), sequence.1, format!("{context} tokens"))
}
