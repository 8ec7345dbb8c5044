//! E0571: a token file cannot be used.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0571` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0571"),
    title: "a token file cannot be used",
    page: r#"The file is not a token file of this version, or it was damaged. Prepare the data again; the cache under `.regimen/cache` may be
deleted at any time.
"#,
};

/// The token file is damaged or of another kind; `why` says what differs.
pub fn bad_token_file(file: &str, why: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{file}` is not a usable token file"))
        .because(format!("Reading it says: {why}."))
        .help("prepare the data again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = bad_token_file("train.tokens", "too short");
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("`train.tokens`"), "{}", message.title);
    }
}
