//! E0587: no such document.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0587` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0587"),
    title: "no such document",
    page: r#"`regimen data FILE --why DOCUMENT` asks for a document by its file, as the data's patterns find it, and the line in which it begins (in a
parquet file the number of the record): `web/a.jsonl:17`. For a file that is one document the line may be left out.
"#,
};

/// Nothing begins at `asked`; `reason` says what is known.
pub fn unknown(asked: &str, reason: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("no document `{asked}`"))
        .because(reason.to_string())
        .help("name a document by its file and the line in which it begins: `web/a.jsonl:17`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_document() {
        assert!(unknown("a.jsonl:3", "The file has 2 documents.").title.contains("`a.jsonl:3`"));
    }
}
