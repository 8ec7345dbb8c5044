//! E0567: a file pattern is malformed.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0567` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0567"),
    title: "a file pattern is malformed",
    page: r#"In patterns, `*` stands for any characters inside one folder, `**` (alone between slashes) for any folders, `?` for one character and
`[abc]` for one of several. A bracket must be closed; write `[[]` for a bracket itself.
"#,
};

/// The pattern is malformed; `why` as the pattern reader says it.
pub fn bad_pattern(pattern: &str, why: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{pattern}` is not a file pattern"))
        .because(format!("Reading it says: {why}."))
        .help("use `*` inside a folder name, `**` alone between slashes, and close every bracket")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = bad_pattern("a[", "open bracket");
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("`a[`"), "{}", message.title);
    }
}
