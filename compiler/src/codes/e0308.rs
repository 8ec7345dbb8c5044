//! E0308: a number too large.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0308");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a number too large",
    page: r#"Numbers are exact, so their size is bounded: literals up to 1e300 and 200 digits, results up to about 4,000 bits.
Counts of a run must fit 64 bits.

```exp wrong
let huge = 10 ^ 10 ^ 10
```

```exp right
let huge = 10 ^ 10
```
"#,
};

/// A literal or a result beyond the bounds.
pub fn too_large(span: Span) -> Diagnostic {
    Diagnostic::error(CODE, "this number is larger, or finer, than any experiment needs")
        .at(span, "too large or too fine")
        .help("write a smaller number; literals go up to 1e300")
}
