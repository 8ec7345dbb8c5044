//! E0508: documents that are in no part.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0508");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "documents that are in no part",
    page: r#"A warning. Where parts follow each other in time (`ordered_by`), a document of a later part that equals one of an earlier part, or nearly, can
belong to neither: in its own part it would be validated on although it was trained on, in the earlier part it would be from the future. It is left out.

```exp wrong
data reports : jsonl { files = "reports.jsonl", ordered_by = "published", split = { train = 90%, validation = 10% } }
stage recent = base with { data = reports }
```

If only equal documents are to be left out:

```exp right
data reports : jsonl {
  files = "reports.jsonl", ordered_by = "published", split = { train = 90%, validation = 10% }, near_duplicates = apart
}
stage recent = base with { data = reports }
```
"#,
};

/// So many of the documents in the time of this part.
pub fn left_out(part: &str, left_out: u64, all: u64, declared: Span) -> Diagnostic {
    let share = 100.0 * left_out as f64 / all.max(1) as f64;
    let documents = if all == 1 { "document" } else { "documents" };
    Diagnostic::warning(
        CODE,
        format!("{left_out} of {all} {documents} ({share:.1} %) in the time of `{part}` are left out"),
    )
    .at(declared, "its documents are divided by date or number")
    .because("They equal documents of an earlier part, or nearly.")
    .help("nothing needs to be done; `near_duplicates = apart` leaves out only those that are equal")
}
