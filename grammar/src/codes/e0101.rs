//! E0101: the file is too large or too expensive to read.

use crate::limits;
use regimen_base::{Code, CodePage, Diagnostic, FileId, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0101"),
    title: "file too large to read",
    page: r#"An experiment is a few hundred lines. A file of more than 4 MiB is almost always something else, such as data or
a log given by mistake, so it is refused before any work is spent on it.

Wrong:

```exp
# a file of more than 4 MiB
experiment big { seed = 1 }
```

Right:

```exp
# data stays in its own files; the experiment names them
data web : jsonl { files = "data/web/*.jsonl" }
```
"#,
};

/// The file has more bytes than are read.
pub fn file(file: FileId, bytes: usize) -> Diagnostic {
    let limit = limits::FILE_BYTES >> 20;
    let size = bytes as f64 / f64::from(1 << 20);
    Diagnostic::error(
        PAGE.code,
        format!("the file has {size:.1} MiB, more than the {limit} MiB that are read"),
    )
    .at(Span::new(file, 0, 0), "")
    .because("An experiment is a few hundred lines, so this is probably another kind of file.")
    .help("Give the path of an `.exp` file, or split this one and use `import`.")
}

/// Reading took more steps than any ordinary file needs.
pub fn too_slow(file: FileId) -> Diagnostic {
    Diagnostic::error(PAGE.code, "reading this file takes more steps than are allowed")
        .at(Span::new(file, 0, 0), "")
        .because("The work on a file is bounded, so that a damaged file cannot block a machine.")
        .help("Split the file and use `import`.")
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, only};

    #[test]
    fn a_file_above_the_limit_is_refused_at_once() {
        let text = "# \n".repeat((4 << 20) / 3 + 10);
        assert_eq!(codes(&text), ["E0101"]);
        assert!(only(&text).title.contains("4.0 MiB"), "{}", only(&text).title);
    }

    #[test]
    fn a_file_below_the_limit_is_read() {
        assert!(diagnostics(&"# \n".repeat(1000)).is_empty());
    }
}
