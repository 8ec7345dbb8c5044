//! E0551: a data file lies outside the experiment's folder.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0551` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0551"),
    title: "a data file lies outside the experiment's folder",
    page: r#"An experiment that came from somebody else must not read files that it did not bring. So every file of a `data` or
`tokenizer` declaration must lie inside the experiment's folder, after symbolic links are followed.

```
data books : text { files = "/home/me/books/*.txt" }   # wrong
data books : text { files = "books/*.txt" }            # right: the files are beside the experiment
```

If the experiment is yours, allow it with `--allow-outside`.
"#,
};

/// The file or pattern leads out of the root folder.
pub fn outside(path: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{path}` lies outside the experiment's folder"))
        .because("An experiment may read only what lies beside it, symbolic links followed, unless that is allowed.")
        .help("move the data into the experiment's folder, or allow it with `--allow-outside`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = outside("../x.txt");
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("`../x.txt`"), "{}", message.title);
    }
}
