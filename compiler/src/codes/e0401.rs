//! E0401: heads that do not divide the width.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0401");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "heads that do not divide the width",
    page: r#"Each attention head works on hidden / heads numbers, so `heads` must divide `hidden`.

```exp wrong
model small : gpt { layers = 2, heads = 12, hidden = 800, context = 64, tokenizer = words }
```

```exp right
model small : gpt { layers = 2, heads = 12, hidden = 768, context = 64, tokenizer = words }
```
"#,
};

/// `hidden` is no multiple of `heads`.
pub fn heads(model: &str, hidden: (u64, Span), heads: (u64, Span)) -> Diagnostic {
    let below = hidden.0 / heads.0.max(1) * heads.0;
    let nearest = if below == 0 {
        heads.0
    } else if hidden.0 - below <= heads.0 / 2 {
        below
    } else {
        below.saturating_add(heads.0)
    };
    let diagnostic = Diagnostic::error(
        CODE,
        format!("{} heads do not divide hidden = {} of `{model}`", heads.0, hidden.0),
    )
    .at(
        hidden.1,
        format!("{} = {} × {} + {}", hidden.0, heads.0, hidden.0 / heads.0.max(1), hidden.0 % heads.0.max(1)),
    )
    .also(heads.1, "the heads")
    .because("Each head works on hidden / heads numbers.")
    .help(format!("write `hidden = {nearest}`"));
    if hidden.1 == heads.1 {
        diagnostic
    } else {
        diagnostic.fix(format!("write {nearest}"), hidden.1, nearest.to_string())
    }
}
