//! E0306: a number out of range.

use crate::quantity::Quantity;
use crate::schema::Number;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0306");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a number out of range",
    page: r#"The field accepts only some numbers; what they are stands in the message and in the language reference.

```exp wrong
stage pretrain = base with { checkpoint = { keep = 0 } }
```

```exp right
stage pretrain = base with { checkpoint = { keep = 1 } }
```
"#,
};

/// A number that its field does not accept.
pub fn out_of_range(field: &str, number: &Number, found: &Quantity, span: Span) -> Diagnostic {
    let range = number.range().unwrap_or_default();
    let diagnostic =
        Diagnostic::error(CODE, format!("`{field}` must be {range}, not {found}")).at(span, "out of range");
    let percent = number.max == crate::schema::Bound::At(1) && found.shown.is_none() && found.f64() > 1.0;
    if percent {
        let written = format!("{found}%");
        return diagnostic
            .because("A share is written as a percentage, or between 0 and 1.")
            .help(format!("write `{written}`"))
            .fix(format!("write `{written}`"), span, written);
    }
    diagnostic.help(format!("write a number that is {range}"))
}
