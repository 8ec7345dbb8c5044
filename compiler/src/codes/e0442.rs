//! E0442: a lower limit above the upper one.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0442");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a lower limit above the upper one",
    page: r#"Between such limits lies nothing: the step would drop every document.

```exp wrong
data web : text { files = "a.txt", clean = [gopher { min_words = 500, max_words = 100 }] }
```

```exp right
data web : text { files = "a.txt", clean = [gopher { min_words = 100, max_words = 500 }] }
```
"#,
};

/// Nothing lies between these two fields of a step.
pub fn nothing_between(step: &str, low: (&str, &str), high: (&str, &str), spans: (Span, Span)) -> Diagnostic {
    let (low_name, low_value) = low;
    let (high_name, high_value) = high;
    Diagnostic::error(CODE, format!("`{step}` drops everything: `{low_name}` is above `{high_name}`"))
        .at(spans.0, format!("at least {low_value}"))
        .also(spans.1, format!("at most {high_value}"))
        .help(format!("make `{low_name}` at most {high_value}"))
}
