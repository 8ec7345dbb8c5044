//! E0556: a data file is packed in a way that is not read.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0556` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0556"),
    title: "a data file is packed in a way that is not read",
    page: r#"The file's ending says how it is packed. Files that end in `.gz` and `.zst` are unpacked while they are read; others must be
unpacked first (`bunzip2 -k`, `unxz -k`, `unzip`).
"#,
};

/// The ending of `file` says that it is packed.
pub fn compressed(file: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{file}` is packed in a way that is not read"))
        .because("Plain, `.gz` and `.zst` files are read.")
        .help("unpack the file, or pack it with gzip or zstd, and name the new one in the pattern")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = compressed("x.bz2");
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("`x.bz2`"), "{}", message.title);
    }
}
