//! E0308: a number too large.

use crate::quantity::Quantity;
use crate::schema::Number;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0308");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a number too large or too fine",
    page: r#"Numbers are exact, so their size is bounded: literals up to 1e300 and 200 digits, results up to about 4,000 bits.
Counts (steps, tokens, bytes, seeds) must fit 64 bits: at most 18_446_744_073_709_551_615. Numbers without a unit (rates, deviations, shares) become f32: between about 1e-45 and 3.4e38, or zero, and those just below a limit must not round
to it. Other numbers become doubles, up to about 1e308.

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

/// Something that follows from fields and is too large to be counted; `how` says from which.
pub fn derived(what: &str, how: &str, span: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("{what} are more than 64 bits can count"))
        .at(span, "too large")
        .because(how.to_owned())
        .help("write a smaller number")
}

/// A number that its field cannot keep.
pub fn not_kept(field: &str, number: &Number, found: &Quantity, span: Span) -> Diagnostic {
    if number.counts(found) {
        return Diagnostic::error(CODE, format!("`{field}` cannot hold {found}"))
            .at(span, "too large")
            .because("Counts are at most 18_446_744_073_709_551_615, the largest number of 64 bits.")
            .help("write a smaller number");
    }
    if Number::single(found) {
        let rounded = found.f64() as f32;
        let becomes = if rounded.is_infinite() { "infinite".to_owned() } else { format!("{rounded}") };
        return Diagnostic::error(CODE, format!("`{field}` cannot hold this number: in f32 it is {becomes}"))
            .at(span, "too large or too fine for f32")
            .because("Programs compute with f32, of about seven digits, between 1e-45 and 3.4e38.")
            .help("write a number that an f32 can hold");
    }
    Diagnostic::error(CODE, format!("`{field}` cannot hold this number as it is"))
        .at(span, "too large or too fine")
        .because("It becomes a double, of about sixteen digits, between 1e-308 and 1.8e308.")
        .help("write a number that a double can hold")
}
