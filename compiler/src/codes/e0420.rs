//! E0420: two starts.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0420");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "two starts",
    page: r#"The weights of a stage come from another stage's checkpoint (`from`) or from the model's folder (`weights`), not from both.

```exp wrong
model loaded = gpt2 with { weights = "gpt2" }
stage first = base with { model = loaded }
stage later = first with { from = base.last }
```

```exp right
stage later = base with { from = base.last }
```
"#,
};

/// `from` and `weights` at once.
pub fn two_starts(from: Span, weights: Span) -> Diagnostic {
    Diagnostic::error(CODE, "the weights would come from two places")
        .at(from, "from a checkpoint")
        .also(weights, "from a folder")
        .help("derive a model without `weights`, or remove `from`")
}
