//! E0310: an exponent that is not a whole number.

use crate::quantity::Quantity;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0310");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "an exponent that is not a whole number",
    page: r#"Powers are exact, so exponents are whole plain numbers.

```exp wrong
let root = 2 ^ 0.5
```

```exp right
let square = 2 ^ 2
```
"#,
};

/// A fractional exponent, or one with a unit.
pub fn exponent(found: &Quantity, span: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("the exponent must be a whole plain number, not {found}"))
        .at(span, "this power")
        .help("write a whole number, or the result itself")
}
