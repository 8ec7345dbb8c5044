//! E0117: an import without its file or its name.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0117"),
    title: "incomplete import",
    page: r#"An import names a file and the name under which its declarations are reached: `lab.h100_node`. The name is never guessed from the
file, so that moving a file changes one line.

Wrong:

```exp
import "lab.exp"
```

Right:

```exp
import "lab.exp" as lab
```
"#,
};

/// No `as name`.
pub fn no_alias(file: Span, end: Span, stem: &str, has_as: bool) -> Diagnostic {
    let added = if has_as { format!(" {stem}") } else { format!(" as {stem}") };
    Diagnostic::error(PAGE.code, "this import has no name")
        .at(file, "expected `as` and a name after the file")
        .because("The declarations of an imported file are reached through a name, such as `lab.h100_node`.")
        .help(format!("Write `as {stem}` after the file."))
        .fix(format!("add `as {stem}`"), end, added)
}

/// No file between quotes.
pub fn no_file(span: Span) -> Diagnostic {
    Diagnostic::error(PAGE.code, "this import names no file")
        .at(span, "expected a file between double quotes")
        .help("Write `import \"lab.exp\" as lab`.")
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, fixed, only};

    #[test]
    fn the_name_is_suggested() {
        assert_eq!(
            fixed("import \"shared/lab-2.exp\"\nlet a = 1"),
            "import \"shared/lab-2.exp\" as lab_2\nlet a = 1"
        );
        assert_eq!(fixed("import \"lab.exp\" as\n"), "import \"lab.exp\" as lab\n");
        assert_eq!(fixed("import \"lab.exp\" # shared"), "import \"lab.exp\" as lab # shared");
    }

    #[test]
    fn a_file_is_needed() {
        assert_eq!(only("import lab").title, "this import names no file");
        assert_eq!(codes("import\nimport lab as l"), ["E0117", "E0117"]);
        assert!(diagnostics("import \"a\" as b").is_empty());
    }
}
