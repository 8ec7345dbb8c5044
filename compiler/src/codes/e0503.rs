//! E0503: a malformed hardware file.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0503");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a malformed hardware file",
    page: r#"Hardware files are TOML with one table per device, in the form of the catalogue: `backend`, `memory`, `bandwidth`, `f32`, and
optionally `bf16` and `watts`; a GPU also needs `multiprocessors` and `context`, by which its memory is planned.

```exp wrong
hardware mine : my_card { file = "lib/broken.toml" }
```

```exp right
hardware mine : my_card { file = "lib/cards.toml" }
```
"#,
};

/// What is wrong with the file.
pub fn malformed(path: &str, why: &str, span: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{path}` is not a hardware file"))
        .at(span, "named here")
        .because(why.to_string())
        .help("correct the file; the catalogue shows the form")
}
