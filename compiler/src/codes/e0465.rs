//! E0465: a text that is its own class.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0465");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a text that is its own class",
    page: r#"`text` and `label` name two fields of a record: what the model reads, and what it is to tell. Where both are one field, every text is a
class of its own, and the model is asked for what it was given.

```exp wrong
data scenes : labelled { files = "scenes.jsonl", text = "text", label = "text" }
```

```exp right
data scenes : labelled { files = "scenes.jsonl", text = "text", label = "genre" }
```
"#,
};

/// Both are `field`.
pub fn one_field(field: &str, text: Span, label: Span) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(CODE, format!("`{field}` is both the text and its class")).at(label, "the class");
    let diagnostic = if text == label { diagnostic } else { diagnostic.also(text, "the text") };
    diagnostic.help("name the field that holds the class: `label = \"…\"`")
}
