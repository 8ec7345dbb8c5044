//! E0307: not a whole number.

use crate::quantity::Quantity;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0307");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "not a whole number",
    page: r#"The field counts things that cannot be cut: layers, sequences, checkpoints.

```exp wrong
model small : gpt { layers = 2.5, heads = 2, hidden = 64, context = 64, tokenizer = words }
```

```exp right
model small : gpt { layers = 3, heads = 2, hidden = 64, context = 64, tokenizer = words }
```
"#,
};

/// A fraction of something that is counted.
pub fn not_whole(field: &str, found: &Quantity, span: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{field}` must be a whole number, not {found}"))
        .at(span, "not whole")
        .help("round it with `floor(…)` or `ceil(…)`, or write a whole number")
}
