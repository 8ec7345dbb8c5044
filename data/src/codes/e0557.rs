//! E0557: a dataset has fewer documents than its splits need.

use regimen_base::data::{Format, TextDocument};
use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0557` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0557"),
    title: "a dataset has fewer documents than its splits need",
    page: r#"Whole documents are assigned to splits, and equal documents always to the same one, so that nothing of the validation data is
trained on. There must be at least one document for every split and every fold, equal documents counted once. Near-duplicates (texts whose
sets of five-word sequences are similar) count as one document, too, unless the dataset says `near_duplicates = apart`.

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
    .because("Whole documents are assigned to splits, equal ones and near-duplicates to the same split, and no split may be empty.")
    .help("add documents that differ, or declare fewer splits")
}

/// `found` different dates or numbers for `splits` splits.
pub fn too_few_moments(dataset: &str, found: u64, splits: usize) -> Diagnostic {
    let moments = if found == 1 { "date or number" } else { "dates or numbers" };
    Diagnostic::error(
        PAGE.code,
        format!("the documents of `{dataset}` have {found} different {moments} for {splits} splits"),
    )
    .because("Every split lies strictly after the one before it, and no split may be empty.")
    .help("order by a field that tells more documents apart, or declare fewer splits")
}

/// Every document of the split is equal to, or nearly, one of an earlier split.
pub fn only_repeated(dataset: &str, split: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("nothing is left for split `{split}` of `{dataset}`"))
        .because("All documents in its time are equal to documents of an earlier split, or near-duplicates of them, and left out.")
        .help("allow near-duplicates in different splits with `near_duplicates = apart`, or give the split a larger share")
}

/// Adds that near-duplicates may be the reason: so many documents count as one with another.
pub fn because_of_near_duplicates(fault: Diagnostic, united: u64) -> Diagnostic {
    let (documents, count) = if united == 1 { ("document", "counts") } else { ("documents", "count") };
    fault
        .because(format!("{united} {documents} that nearly equal another {count} as one with it."))
        .help("add documents that differ more, or let near-duplicates be in different splits: `near_duplicates = apart`")
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
