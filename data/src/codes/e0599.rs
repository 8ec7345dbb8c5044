//! E0599: pairs of texts need two documents.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0599` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0599"),
    title: "pairs of texts need two documents",
    page: r#"Next-sentence prediction shows a model two texts, the second of which follows the first or comes from another document. So every
part of the data that is trained on or evaluated needs two documents of two tokens or more.

A `text` dataset takes each file as one document, unless `document` says otherwise:

```
data plays : text { files = "plays/*.txt", document = paragraph }
```

**Fix.** Say what a document is, add files, or give the part a larger share of `split`.
"#,
};

/// The split has only so many documents.
pub fn no_other_document(split: &str, documents: usize) -> Diagnostic {
    let found = if documents == 1 { "one document".to_owned() } else { "no document".to_owned() };
    Diagnostic::error(PAGE.code, format!("`{split}` has {found} of two tokens or more, and pairs need two"))
        .because("Half of the second texts come from another document than the first.")
        .help(
            "say what a document is with `document = paragraph`, add files, or give the part a larger share",
        )
}
