//! E0563: a cached token file was damaged and is made again.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0563` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0563"),
    title: "a cached token file was damaged and is made again",
    page: r#"A file under `.regimen/cache` does not have the length or checksum that was written with it. Nothing is lost: it is made again from the
data. If this happens often, the disk deserves a look.
"#,
};

/// The cached file `file` is not what was written; `why` says what differs.
pub fn cache_damaged(file: &str, why: &str) -> Diagnostic {
    Diagnostic::warning(PAGE.code, format!("cached file `{file}` was damaged and has been made again"))
        .because(format!("It is not what was written: {why}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = cache_damaged("train.tokens", "too short");
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("`train.tokens`"), "{}", message.title);
    }
}
