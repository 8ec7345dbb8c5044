//! E0750: an assertion that does not hold.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0750");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "an assertion that does not hold",
    page: r#"`assert condition "message"` states what the author relies on. It does not hold for this experiment, or for this member of a sweep.

```exp wrong
assert base.tokens >= 1B tokens "too short"
```

```exp right
assert base.tokens >= 1_000 tokens "too short"
```
"#,
};

/// A condition that is false; `sides` shows what was compared.
pub fn failed(message: Option<&str>, sides: Option<&str>, member: Option<&str>, span: Span) -> Diagnostic {
    let mut title = message
        .map_or_else(|| "an assertion does not hold".to_string(), |m| format!("assertion failed: {m}"));
    if let Some(member) = member {
        title = format!("{title} ({member})");
    }
    let diagnostic = Diagnostic::error(CODE, title).at(span, sides.unwrap_or("false"));
    diagnostic.help("change what it compares, or the assertion")
}
