//! E0452: a class that is declared twice.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0452");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a class that is declared twice",
    page: r#"Every class has one number: its place in `classes`.

```exp wrong
data scenes : labelled { files = "scenes.jsonl", classes = ["comedy", "tragedy", "comedy"] }
```

```exp right
data scenes : labelled { files = "scenes.jsonl", classes = ["comedy", "tragedy"] }
```
"#,
};

/// `class` stands in the list more than once.
pub fn class_twice(class: &str, at: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("the class `{class}` is declared twice"))
        .at(at, "the classes")
        .because("The number of a class is its place in this list.")
        .help("name each class once")
}
