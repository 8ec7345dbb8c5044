//! E0218: not exactly one experiment.

use regimen_base::{Code, CodePage, Diagnostic, Span};
use regimen_grammar::ast::Ident;

/// The code.
pub const CODE: Code = Code("E0218");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "not exactly one experiment",
    page: r#"A file that is run has one `experiment name { … }`: it names the run and holds the seed.

```exp wrong
experiment one {}
experiment two {}
```

```exp right
experiment one {}
```
"#,
};

/// A second `experiment`.
pub fn two_experiments(name: &Ident, first: Span) -> Diagnostic {
    Diagnostic::error(CODE, "a file has one `experiment`")
        .at(name.span, "the second")
        .also(first, "the first")
        .help("remove one of them; for several runs use `sweep` or several files")
}
