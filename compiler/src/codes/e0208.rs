//! E0208: a field set twice.

use regimen_base::{Code, CodePage, Diagnostic, Span};
use regimen_grammar::ast::Ident;

/// The code.
pub const CODE: Code = Code("E0208");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a field set twice",
    page: r#"Two settings of equal priority for one field: in one body, in one variant, by two `--set`, or by a sweep and what would set the
swept field for all its members, a variant or the command line. Neither is more important, so neither wins. Settings of different priority are
fine: a derivation changes its base, a variant changes the file, and `--set` changes both.

```exp wrong
stage pretrain = base with {
  micro_batch = 4
  micro_batch = 8
}
```

```exp right
stage pretrain = base with { micro_batch = 8 }
```
"#,
};

/// A second setting of a field.
pub fn set_twice(name: &Ident, before: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{}` is set twice", name.node))
        .at(name.span, "set again")
        .also(before, "set first here")
        .help("keep one of the two")
}
