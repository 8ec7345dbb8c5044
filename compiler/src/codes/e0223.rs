//! E0223: a setting that depends on the plan.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0223");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a setting that depends on the plan",
    page: r#"FLOPs, memory, time, cost and energy of a stage are known once it is planned, and planning needs every setting first. They
can be used in `assert`; limits are written as `budget`.

```exp wrong
let long = base.time
stage again = base with { sequence = 64 * long / (1 s) }
```

```exp right
assert base.time <= 2 h
```
"#,
};

/// A planned number where a setting is needed.
pub fn circular(field: &str, span: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{field}` cannot depend on what planning finds out"))
        .at(span, "known only after planning")
        .because("Planning needs the value of every field first, so this would be a circle.")
        .help("use it in an `assert`, or write a `budget`")
}
