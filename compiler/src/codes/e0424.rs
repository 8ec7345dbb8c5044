//! E0424: an odd head with rotary positions.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0424");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "an odd head with rotary positions",
    page: r#"Rotary positions turn the dimensions of a head in pairs, so a head needs an even number of them: `head_size`, or hidden / heads where that is not set.

```exp wrong
model small : llama { layers = 2, heads = 4, hidden = 60, mlp = 256, context = 64, tokenizer = words }
```

```exp right
model small : llama { layers = 2, heads = 4, hidden = 64, mlp = 256, context = 64, tokenizer = words }
```
"#,
};

/// Heads of an odd number of dimensions.
pub fn odd(model: &str, size: u64, span: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("heads of `{model}` have {size} dimensions, an odd number"))
        .because("Rotary positions turn the dimensions of a head in pairs.")
        .at(span, format!("{size} dimensions a head"))
        .help(format!("change `hidden` or `heads`, or set `head_size = {}`", size + 1))
}
