//! E0811: a file cannot be written.

use regimen_base::{Code, CodePage, Diagnostic};
use std::io;
use std::path::Path;

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0811"),
    title: "a file cannot be written",
    page: "\
A result could not be written: the folder does not exist, it may not be written to, or the disk is full. Files are
written aside and renamed, so what stood there before is untouched.
",
};

/// The file cannot be written for this reason.
pub fn unwritable(path: &Path, error: &io::Error) -> Diagnostic {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "its folder does not exist".to_string(),
        _ => error.to_string(),
    };
    Diagnostic::error(PAGE.code, format!("`{}` cannot be written: {why}", path.display()))
        .help("make the folder and check its permissions, or write somewhere else")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_file_and_reason() {
        let message = unwritable(Path::new("out/plan.json"), &io::Error::from(io::ErrorKind::NotFound));
        assert_eq!(message.title, "`out/plan.json` cannot be written: its folder does not exist");
    }
}
