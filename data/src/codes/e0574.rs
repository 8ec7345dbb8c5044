//! E0574: the folder of an imported model cannot be written.

use regimen_base::{Code, CodePage, Diagnostic};
use std::io;
use std::path::Path;

/// What `regimen explain E0574` says.
pub const PAGE: CodePage = CodePage {
    code: Code("E0574"),
    title: "the folder of an imported model cannot be written",
    page: r#"`regimen import` writes a new folder, beside its target at first, and renames it when it is complete. It never overwrites: a folder with
something in it, or a file of that name, is left alone. Other reasons are a folder above it that does not exist, missing
permissions, and a full disk; nothing is left behind then.

```
regimen import model.gguf --out another_name
```
"#,
};

/// Something is there already.
pub fn exists(target: &Path) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{}` exists already; nothing was written", target.display()))
        .help("give the name of a new or empty folder: `--out another_name`")
}

/// The operating system refused.
pub fn unwritable(target: &Path, error: &io::Error) -> Diagnostic {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "the folder that it is to lie in does not exist".to_string(),
        _ => error.to_string(),
    };
    Diagnostic::error(PAGE.code, format!("`{}` cannot be written: {why}", target.display()))
        .help("make the folder above it and check permissions and free space, or write somewhere else")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_folder_and_reason() {
        assert!(exists(Path::new("model")).title.starts_with("`model` exists already"));
        let message = unwritable(Path::new("a/model"), &io::Error::from(io::ErrorKind::NotFound));
        assert!(message.title.ends_with("is to lie in does not exist"), "{}", message.title);
    }
}
