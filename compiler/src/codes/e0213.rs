//! E0213: a declaration that belongs into the main file.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0213");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a declaration that belongs into the main file",
    page: r#"An imported file is a library: data, tokenizers, models, hardware, stages to derive from, and values. What says how *this*
experiment runs (`experiment`, `budget`, `variant`, `sweep`) stands in the file that is run.

```exp wrong
import "lib/whole.exp" as whole
```

```exp right
import "lib/lab.exp" as lab
```
"#,
};

/// A kind of declaration that an imported file cannot have.
pub fn not_in_import(kind: &str, span: Span) -> Diagnostic {
    let short = Span { end: span.end.min(span.start + kind.len() as u32), ..span };
    Diagnostic::error(CODE, format!("`{kind}` belongs into the file that is run, not into an imported one"))
        .at(short, "in an imported file")
        .help("move it into the main file")
}
