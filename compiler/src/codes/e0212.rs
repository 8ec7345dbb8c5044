//! E0212: too large or too deep.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0212");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "too large or too deep",
    page: r#"Files from elsewhere must not be able to take unbounded time or memory, so everything has a limit far above what a person
writes: 256 files with 8 MiB in all, imports 16 deep, 5,000 declarations, 1,000 settings in one block, derivations 64 deep, computations 150 steps deep,
100,000 elements in all lists, 256 variants, names of experiments and stages 80 characters.

```exp wrong
let a = ((((1))))
let b = @DEEP@
```

```exp right
let a = ((((1))))
```
"#,
};

/// Something beyond its limit.
pub fn too_large(what: &str, limit: &str, at: Option<Span>) -> Diagnostic {
    let diagnostic = Diagnostic::error(CODE, format!("{what} would exceed the limit of {limit}"));
    let diagnostic = match at {
        Some(span) => diagnostic.at(span, "here"),
        None => diagnostic,
    };
    diagnostic.help("split it, or write it more directly")
}
