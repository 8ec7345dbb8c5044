//! E0446: a classifier with the same documents on both sides.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0446");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a classifier with the same documents on both sides",
    page: r#"A classifier learns what tells the positive sample from the negative one. Documents that are in both teach it nothing, and what it
reaches on held-out documents would be a coin's toss.

```exp wrong
data good : text { files = "good.txt" }
data web : text { files = "web.txt", clean = [classifier { positive = good, negative = good }] }
```

```exp right
data good : text { files = "good.txt" }
data bad : text { files = "bad.txt" }
data web : text { files = "web.txt", clean = [classifier { positive = good, negative = bad }] }
```
"#,
};

/// Both samples hold the files of `positive`.
pub fn one_sample(positive: &str, negative: &str, at: Span, also: Span) -> Diagnostic {
    Diagnostic::error(
        CODE,
        format!("the classifier learns to tell `{positive}` from `{negative}`, which are the same files"),
    )
    .at(at, "positive")
    .also(also, "negative")
    .help("give each side documents of its own")
}
