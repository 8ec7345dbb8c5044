//! E0575: a labelled record names no class.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0575` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0575"),
    title: "a labelled record names no class",
    page: r#"Every record of a `labelled` dataset names the class of its text in the field that `label` says: a string, a whole number, or true or
false. Records without one are not left out silently, because they are most often a sign of a wrong field.

```
data scenes : labelled { files = "scenes.jsonl", label = "genre" }   # records look like {"text": "…", "genre": "comedy"}
```
"#,
};

/// The record has no class in `field`; `what` says what it has instead.
pub fn no_label(file: &str, line: u64, field: &str, what: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{file}`, line {line}: no class in field `{field}`"))
        .because(what.to_string())
        .help("name the field that holds the class: `label = \"…\"`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = no_label("x.jsonl", 3, "genre", "It has `text`.");
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("line 3") && message.title.contains("`genre`"), "{}", message.title);
    }
}
