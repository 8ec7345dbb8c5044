//! E0308: a number too large.

use crate::quantity::Quantity;
use crate::schema::Number;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0308");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a number too large",
    page: r#"Numbers are exact, so their size is bounded: literals up to 1e300 and 200 digits, results up to about 4,000 bits.
Counts (steps, tokens, bytes, seeds) must fit 64 bits: at most 18_446_744_073_709_551_615. Other numbers become doubles, up to about 1e308.

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

/// A number that its field cannot keep.
pub fn not_kept(field: &str, number: &Number, found: &Quantity, span: Span) -> Diagnostic {
    if number.counts(found) {
        return Diagnostic::error(CODE, format!("`{field}` cannot hold {found}"))
            .at(span, "too large")
            .because("Counts are at most 18_446_744_073_709_551_615, the largest number of 64 bits.")
            .help("write a smaller number");
    }
    Diagnostic::error(CODE, format!("`{field}` cannot hold this number as it is"))
        .at(span, "too large or too fine")
        .because("It becomes a double, of about sixteen digits, between 1e-308 and 1.8e308.")
        .help("write a number that a double can hold")
}
