//! E0556: compressed data files cannot be read yet.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0556` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0556"),
    title: "compressed data files cannot be read yet",
    page: r#"The file's ending says that it is compressed. This version reads plain files only; unpack it first (`gunzip -k`, `zstd -d`).
"#,
};

/// The ending of `file` says that it is compressed.
pub fn compressed(file: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{file}` is compressed"))
        .because("This version reads plain files only.")
        .help("unpack the file (`gunzip -k`, `zstd -d`) and name the unpacked one in the pattern")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = compressed("x.gz");
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("`x.gz`"), "{}", message.title);
    }
}
