//! E0442: a lower limit above the upper one.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0442");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a lower limit above the upper one",
    page: r#"Between such limits lies nothing: a step of cleaning would drop every document, and rotary positions (`low` and `high` of `llama3`, `slow` and
`fast` of `yarn`) would have no slope between angles that stay and angles that are divided.

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

/// There is no slope from one field of a stretching of rotary positions to the other.
pub fn no_slope(kind: &str, low: (&str, &str), high: (&str, &str), spans: (Span, Span)) -> Diagnostic {
    let (low_name, low_value) = low;
    let (high_name, high_value) = high;
    Diagnostic::error(CODE, format!("`{kind}` has no slope: `{low_name}` must be below `{high_name}`"))
        .at(spans.0, "up to so many turns, angles are divided by the whole factor")
        .also(spans.1, "from so many turns on, they stay")
        .help(format!("make `{low_name}` less than {high_value}, or `{high_name}` more than {low_value}"))
}
