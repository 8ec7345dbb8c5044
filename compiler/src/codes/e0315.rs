//! E0315: a word that stands in a list twice.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0315");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a word that stands in a list twice",
    page: r#"A list of words says which of them apply; the second of two equal ones would mean nothing. Most often another one was meant.

```exp wrong
stage pretrain = base with { fuse = [gelu, gelu] }
```

```exp right
stage pretrain = base with { fuse = [gelu] }
```
"#,
};

/// `word` again.
pub fn word_twice(word: &str, again: Span, before: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{word}` stands in this list twice"))
        .at(again, "again")
        .also(before, "first here")
        .help("remove one of them, or write the one that was meant")
}
