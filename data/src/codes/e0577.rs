//! E0577: a record has no date or number in the field that orders documents.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0577` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0577"),
    title: "a record has no date or number in the field that orders documents",
    page: r#"The field that `ordered_by` names puts documents in order before they are divided, so every record must have it, and all records the
same kind of value: numbers, or dates as ISO 8601 writes them (`2024-05-31`, `2024-05-31T12:00:00Z`; without an offset they are UTC).

```
data news : jsonl {
  files      = "news.jsonl"
  ordered_by = "published"         # {"text": "…", "published": "2024-05-31"}
  split      = { train = 90%, validation = 10% }
}
```
"#,
};

/// The record has neither in `field`; `what` says what it has instead.
pub fn no_moment(file: &str, line: u64, field: &str, what: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{file}`, line {line}: no date or number in field `{field}`"))
        .because(what.to_string())
        .help("name the field that holds one: `ordered_by = \"…\"`")
}

/// Some records have dates, some numbers; `date` says which the named record has.
pub fn mixed(file: &str, line: u64, field: &str, date: bool) -> Diagnostic {
    let (this, others) = if date { ("a date", "numbers") } else { ("a number", "dates") };
    Diagnostic::error(
        PAGE.code,
        format!("`{file}`, line {line}: {this} in field `{field}`, where records before have {others}"),
    )
    .because("Dates and numbers have no order among each other.")
    .help("write all of them the same way")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = no_moment("x.jsonl", 3, "date", "The record has `day`.");
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("field `date`"), "{}", message.title);
        assert!(mixed("x.jsonl", 3, "date", true).title.contains("a date in field `date`"));
    }
}
