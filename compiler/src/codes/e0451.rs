//! E0451: labelled data in a mix.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0451");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "labelled data in a mix",
    page: r#"Sources of a mix are mixed token by token. Records with classes are samples that stay whole, so they cannot be a part of one.

```exp wrong
data a : text { files = "a.txt" }
data b : labelled { files = "b.jsonl" }
data both : mix { sources = { a = 50%, b = 50% } }
```

```exp right
data a : text { files = "a.txt" }
data b : jsonl { files = "b.jsonl" }
data both : mix { sources = { a = 50%, b = 50% } }
```
"#,
};

/// The part `name` of a mix is labelled.
pub fn labelled_part(name: &str, at: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{name}` is labelled and part of a mix"))
        .at(at, "part of a mix")
        .because("A mix is a stream of tokens; labelled records are samples that stay whole.")
        .help("declare the texts as `jsonl` to mix them, or list all files in one `labelled` dataset")
}
