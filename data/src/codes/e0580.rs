//! E0580: a packed file is damaged.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0580` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0580"),
    title: "a packed file is damaged",
    page: r#"A `.gz` or `.zst` file could not be unpacked to its end: it was cut off while it was written or downloaded, or its ending does not say
how it is packed. `gzip -t` and `zstd -t` say the same.
"#,
};

/// Unpacking `file` failed.
pub fn damaged(file: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{file}` cannot be unpacked"))
        .because(format!("The reason: {error}."))
        .help("make or download the file again, or take it out of the pattern")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = damaged("x.gz", &std::io::Error::other("cut off"));
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("`x.gz`"), "{}", message.title);
    }
}
