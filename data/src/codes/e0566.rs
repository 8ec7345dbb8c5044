//! E0566: a document is too long.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0566` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0566"),
    title: "a document is too long",
    page: r#"A line or paragraph of a data file is longer than 256 MiB. Most often the wrong format was declared: a JSON array in one line, or a
binary file. Documents are held in memory one by one, so their length is bounded.
"#,
};

/// The document that begins in `line` (from 1) of `file` exceeds `limit` bytes.
pub fn record_too_long(file: &str, line: u64, limit: usize) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{file}`, line {line}: longer than {} MiB", limit >> 20))
        .because("A document is held in memory as a whole, so its length is bounded.")
        .help("check that the declared format is the file's, or cut the document into smaller ones")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = record_too_long("x.txt", 3, 256 << 20);
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("256 MiB"), "{}", message.title);
    }
}
