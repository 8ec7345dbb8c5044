//! E0814: there is a file where a command wanted to write.

use regimen_base::{Code, CodePage, Diagnostic};
use std::path::Path;

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0814"),
    title: "the file exists already",
    page: "\
`regimen init` never overwrites: the file that it was to write is there. `plan --out` and `data --html` take the place of an earlier
plan or report, and of nothing else. Give another name, or remove the file yourself.

```
regimen init my_first.exp
```
",
};

/// The file exists.
pub fn exists(path: &Path) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{}` exists already; nothing was written", path.display()))
        .help("give another name: `regimen init another.exp`")
}

/// The file is no earlier result of the command.
pub fn another(path: &Path) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{}` is something else; nothing was written", path.display()))
        .help("give another name, or remove the file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_file() {
        assert!(exists(Path::new("a.exp")).title.starts_with("`a.exp` exists"));
    }
}
