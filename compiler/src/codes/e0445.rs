//! E0445: an English rule for text in other languages.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0445");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "an English rule for text in other languages",
    page: r#"The rules of Gopher count English stop words, those of C4 look for English phrases. Text in another language has
few or none of them, so that good documents are dropped. Set `min_stop_words = 0`, or give every language its own source.

```exp wrong
data web : text { files = "a.txt", clean = [language { is = "de" }, gopher {}] }
```

```exp right
data web : text { files = "a.txt", clean = [language { is = "de" }, gopher { min_stop_words = 0 }] }
```
"#,
};

/// Documents in `language` are judged by English stop words.
pub fn english_stop_words(language: &str, at: Span, kept: Span) -> Diagnostic {
    Diagnostic::warning(
        CODE,
        format!("`gopher` counts English stop words in documents kept for being `{language}`"),
    )
    .at(at, "drops documents without `the be to of and that have with`")
    .also(kept, "kept here")
    .help("set `min_stop_words = 0`, or clean each language as a source of its own")
}
