//! E0550: no file matches a pattern.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0550` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0550"),
    title: "no file matches a pattern",
    page: r#"A pattern of a `data` declaration matches no file. Patterns are relative to the experiment's folder; `*` stays
inside one folder, `**` crosses folders, and names that begin with a dot are only found if the pattern says so.

```
data books : text { files = "data/boks/*.txt" }     # wrong: the folder is called books
data books : text { files = "data/books/*.txt" }    # right
```

A training run on fewer files than meant looks healthy, so a pattern without a match is an error, not nothing.
"#,
};

/// `pattern` of the dataset matches nothing.
pub fn no_match(pattern: &str, dataset: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("no file matches `{pattern}`"))
        .because(format!(
            "`{dataset}` takes its documents from this pattern, relative to the experiment's folder."
        ))
        .help("correct the pattern, or put the files there")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = no_match("a/*.txt", "books");
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("`a/*.txt`"), "{}", message.title);
    }
}
