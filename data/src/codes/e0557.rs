//! E0557: a dataset has fewer documents than its splits need.

use regimen_base::data::{Format, TextDocument};
use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0557` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0557"),
    title: "a dataset has fewer documents than its splits need",
    page: r#"Whole documents are assigned to splits, and equal documents always to the same one, so that nothing of the validation data is
trained on. There must be at least one document for every split, equal documents counted once.

If a file is one document (`document = file`) and there are few files, `document = paragraph` or `document = line` gives smaller documents.
"#,
};

/// `found` different documents for `splits` splits.
pub fn too_few_documents(dataset: &str, found: u64, splits: usize) -> Diagnostic {
    let documents = if found == 1 { "document" } else { "documents" };
    let parts = if splits == 1 { "split" } else { "splits" };
    Diagnostic::error(
        PAGE.code,
        format!("`{dataset}` has {found} different {documents} for {splits} {parts}"),
    )
    .because(
        "Whole documents are assigned to splits, equal ones to the same split, and no split may be empty.",
    )
    .help("add documents that differ, or declare fewer splits")
}

/// What gives more documents, where they are found so.
pub fn remedy(format: &Format) -> &'static str {
    match format {
        Format::Text { document: TextDocument::File } => {
            "add documents, or make them smaller with `document = paragraph` or `document = line`"
        }
        Format::Text { document: TextDocument::Paragraph } => {
            "add documents, or make them smaller with `document = line`"
        }
        _ => "add documents that differ, or declare fewer splits",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = too_few_documents("books", 1, 2);
        assert_eq!(message.code, PAGE.code);
        let of = |document| remedy(&Format::Text { document });
        assert!(of(TextDocument::File).contains("paragraph"));
        assert!(!of(TextDocument::Paragraph).contains("paragraph"));
        assert!(!of(TextDocument::Line).contains("line"), "documents are lines already");
        assert!(message.title.contains("1 different document for 2 splits"), "{}", message.title);
    }
}
