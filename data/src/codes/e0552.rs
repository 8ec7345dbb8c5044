//! E0552: a data file cannot be read.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain E0552` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0552"),
    title: "a data file cannot be read",
    page: r#"The operating system refused to open or read the file; its reason is in the message. Usual causes are permissions, a disk
that was unmounted, and names that are not Unicode. The file is never skipped silently, because then the data
would differ between machines.
"#,
};

/// Opening or reading `file` failed.
pub fn unreadable(file: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{file}` cannot be read"))
        .because(format!("The operating system says: {error}."))
        .help("make the file readable, or take it out of the pattern")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_offender() {
        let message = unreadable("x.txt", &std::io::Error::other("gone"));
        assert_eq!(message.code, PAGE.code);
        assert!(message.title.contains("`x.txt`"), "{}", message.title);
    }
}
