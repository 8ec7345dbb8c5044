//! E0502: a path outside the folder.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0502");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a path outside the folder",
    page: r#"An experiment from elsewhere must not read your files: paths stay inside the experiment's folder unless you allow otherwise on
the command line, with `--allow-outside`.

```exp wrong
data secrets : text { files = "../../etc/passwd" }
```

```exp right
data novels : text { files = "novels/*.txt" }
```
"#,
};

/// An absolute path, or one that climbs out.
pub fn outside(path: &str, span: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{path}` leads outside the experiment's folder"))
        .at(span, "outside")
        .because("Experiments from elsewhere must not read other files of yours.")
        .help("move the files into the folder, or allow it on the command line with `--allow-outside`")
}
