//! E0303: a number of something else.

use crate::quantity::Quantity;
use crate::schema::Number;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0303");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a number of something else",
    page: r#"The field needs a number of one thing and got a number of another: tokens where steps are meant, a ratio where a total is
meant. The message names the factor that is missing, if one factor is.

```exp wrong
stage pretrain = base with { duration = 20 tokens/param }
```

```exp right
stage pretrain = base with { duration = 20 tokens/param * gpt2.params }
```
"#,
};

/// A field got a number of the wrong dimension.
pub fn wrong_dimension(field: &str, number: &Number, found: &Quantity, span: Span) -> Diagnostic {
    let wanted = number.expectation();
    let factor = number.units.iter().find_map(|unit| found.dimension.missing_factor(*unit));
    let title = format!("`{field}` needs {wanted}, got {}", found.dimension);
    let diagnostic = Diagnostic::error(CODE, title).at(span, format!("this is {found}"));
    match factor {
        Some(factor) if !found.dimension.is_none() => diagnostic.help(format!("write {wanted}, or {factor}")),
        _ => diagnostic.help(format!("write {wanted}")),
    }
}
