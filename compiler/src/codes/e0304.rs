//! E0304: numbers of different things.

use crate::quantity::Quantity;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0304");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "numbers of different things",
    page: r#"Only numbers of the same thing can be added, subtracted or compared; multiplying and dividing makes new units.

```exp wrong
let total = 10 tokens + 5 steps
```

```exp right
let total = 10 tokens + 5 steps * 512 tokens/step
```
"#,
};

/// Two numbers that cannot be added or compared.
pub fn unlike(what: &str, a: &Quantity, b: &Quantity, op: Span, span: Span) -> Diagnostic {
    let name = |q: &Quantity| q.dimension.to_string();
    let diagnostic = Diagnostic::error(CODE, format!("cannot {what} {} and {}", name(a), name(b)))
        .at(op, format!("{a} here, {b} there"))
        .also(span, "in this expression");
    match b.dimension.missing_factor(a.dimension) {
        Some(factor) => diagnostic.help(format!("{factor} on the right-hand side")),
        None => diagnostic.help("bring both sides to the same unit"),
    }
}
