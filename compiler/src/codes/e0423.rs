//! E0423: key and value heads that do not divide the heads.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0423");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "key and value heads that do not divide the heads",
    page: r#"In grouped-query attention every key and value head serves the same number of query heads, so `kv_heads` must divide `heads`.

```exp wrong
model small : llama { layers = 2, heads = 12, kv_heads = 5, hidden = 96, mlp = 256, context = 64, tokenizer = words }
```

```exp right
model small : llama { layers = 2, heads = 12, kv_heads = 4, hidden = 96, mlp = 256, context = 64, tokenizer = words }
```
"#,
};

/// `heads` is no multiple of `kv_heads`.
pub fn groups(model: &str, heads: (u64, Span), groups: (u64, Span)) -> Diagnostic {
    let fewer = (1..=groups.0.min(heads.0)).rev().find(|n| heads.0.is_multiple_of(*n)).unwrap_or(1);
    Diagnostic::error(
        CODE,
        format!("{} key and value heads do not divide the {} heads of `{model}`", groups.0, heads.0),
    )
    .because("Each of them serves the same number of query heads.")
    .at(
        groups.1,
        format!(
            "{} query heads each would leave {} over",
            heads.0 / groups.0.max(1),
            heads.0 % groups.0.max(1)
        ),
    )
    .also(heads.1, "the query heads")
    .help(format!("write `kv_heads = {fewer}`"))
    .fix(format!("write {fewer}"), groups.1, fewer.to_string())
}
