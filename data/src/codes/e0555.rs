//! E0555: a record has no text in the declared field.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0555` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0555"),
    title: "a record has no text in the declared field",
    page: r#"The field that `text` names must be present in every record and hold a string.

```
data web : jsonl { files = "web.jsonl", text = "content" }   # the records must look like {"content": "…"}
```
"#,
};

/// The record has no string in `field`; `what` says what it has instead.
pub fn no_field(file: &str, line: u64, field: &str, what: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{file}`, line {line}: no text in field `{field}`"))
        .because(what.to_string())
        .help("name the field that holds the text: `text = \"…\"`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = no_field("x.jsonl", 3, "text", "It has `body`.");
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("field `text`"), "{}", message.title);
    }
}
