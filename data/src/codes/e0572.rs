//! E0572: a GGUF file cannot be read.

use regimen_base::{Code, CodePage, Diagnostic};
use std::io;
use std::path::Path;

/// What `regimen explain E0572` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0572"),
    title: "a GGUF file cannot be read",
    page: r#"`regimen import` reads GGUF files of versions 2 and 3, little-endian. The file is not one, is cut off, or contradicts itself: tensors
that lie outside or over one another, lengths past its end, types that do not exist. The message lists what was found.
Most often a download was interrupted.

```
regimen import model.gguf --out my_model
```
"#,
};

/// The operating system refused.
pub fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{}` cannot be read: {error}", path.display()))
        .help("check the path and its permissions")
}

/// The file is damaged or of another kind, for all these reasons.
pub fn bad_file(path: &Path, faults: Vec<String>) -> Diagnostic {
    let title = format!("`{}` is not a usable GGUF file", path.display());
    let message = faults.into_iter().fold(Diagnostic::error(PAGE.code, title), Diagnostic::because);
    message.help("fetch the file again; if it stays the same, whoever made it has to make it anew")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_what_is_wrong() {
        let message = bad_file(Path::new("a.gguf"), vec!["one".into(), "two".into()]);
        assert_eq!((message.code, message.notes.len()), (PAGE.code, 2));
        assert!(message.title.contains("`a.gguf`"));
        assert!(unreadable(Path::new("a.gguf"), &io::Error::other("gone")).title.ends_with(": gone"));
    }
}
