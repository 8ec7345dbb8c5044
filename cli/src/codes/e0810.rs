//! E0810: a file given on the command line cannot be read.

use regimen_base::{Code, CodePage, Diagnostic};
use std::io;
use std::path::Path;

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0810"),
    title: "a file cannot be read",
    page: "\
A file named on the command line does not exist, is a folder, is not UTF-8 text, or may not be read.

```
regimen fmt experiments          # wrong: a folder
regimen fmt experiments/*.exp    # right
```
",
};

/// The file cannot be read for this reason.
pub fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    let shown = path.display();
    let (title, help) = match error.kind() {
        io::ErrorKind::NotFound => {
            (format!("there is no file `{shown}`"), "check the spelling; the path is relative to this folder")
        }
        io::ErrorKind::IsADirectory => (format!("`{shown}` is a folder"), "name the files in it"),
        io::ErrorKind::InvalidData => (
            format!("`{shown}` is not UTF-8 text"),
            "it must be text in UTF-8: save it so, or name another file",
        ),
        io::ErrorKind::FileTooLarge => (
            format!("`{shown}` is too large to be read"),
            "experiments are a few hundred lines: name another file",
        ),
        _ => (format!("`{shown}` cannot be read: {error}"), "check the file and its permissions"),
    };
    Diagnostic::error(PAGE.code, title).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_reasons_have_their_own_words() {
        let title = |kind| unreadable(Path::new("a.exp"), &io::Error::from(kind)).title;
        assert_eq!(title(io::ErrorKind::NotFound), "there is no file `a.exp`");
        assert_eq!(title(io::ErrorKind::IsADirectory), "`a.exp` is a folder");
        assert!(title(io::ErrorKind::PermissionDenied).contains("cannot be read"));
    }
}
