//! E0207: a name declared twice.

use regimen_base::{Code, CodePage, Diagnostic, Span};
use regimen_grammar::ast::Ident;

/// The code.
pub const CODE: Code = Code("E0207");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a name declared twice",
    page: r#"Two declarations of the same name: which of them is meant could only be guessed.

```exp wrong
let width = 64
let width = 128
```

```exp right
let width = 64
let wide = 128
```
"#,
};

/// A second declaration of a name.
pub fn declared_twice(name: &Ident, before: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{}` is declared twice", name.node))
        .at(name.span, "declared again")
        .also(before, "declared first here")
        .help("rename one of them, or remove it")
}
