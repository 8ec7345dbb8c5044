//! E0312: a unit is missing.

use crate::quantity::Quantity;
use crate::schema::Number;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0312");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a unit is missing",
    page: r#"The number could mean several things: steps or tokens, seconds or steps, a share or a count. The unit says which.

```exp wrong
stage pretrain = base with { duration = 2_000 }
```

```exp right
stage pretrain = base with { duration = 2_000 steps }
```
"#,
};

/// A bare number where a unit is needed.
pub fn unit_missing(field: &str, number: &Number, found: &Quantity, span: Span) -> Diagnostic {
    let unit = number.units.iter().find(|u| !u.is_none());
    let diagnostic = Diagnostic::error(CODE, format!("`{field} = {found}`: of what?"))
        .at(span, "a number without a unit")
        .because(format!("`{field}` is {}.", number.expectation()));
    match unit {
        Some(unit) => diagnostic.help(format!("add the unit, such as `{found} {unit}`")).fix(
            format!("add `{unit}`"),
            Span { start: span.end, ..span },
            format!(" {unit}"),
        ),
        None => diagnostic.help("add the unit"),
    }
}
