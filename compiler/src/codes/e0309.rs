//! E0309: division by zero.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0309");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "division by zero",
    page: r#"A quotient with zero below has no value.

```exp wrong
let share = 3 / (2 - 2)
```

```exp right
let share = 3 / 2
```
"#,
};

/// A divisor that is zero.
pub fn division_by_zero(span: Span) -> Diagnostic {
    Diagnostic::error(CODE, "division by zero").at(span, "the divisor is 0").help("divide by something else")
}
