//! E0217: a variant that does not exist.

use super::suggest;
use crate::schema::listed;
use regimen_base::{Code, CodePage, Diagnostic};
use regimen_grammar::ast::Ident;

/// The code.
pub const CODE: Code = Code("E0217");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a variant that does not exist",
    page: r#"`--variant name` switches on the changes of `variant name { … }`. Without it, no variant applies.

```exp wrong
# regimen plan experiment.exp --variant quik
variant quick { base.duration = 10 steps }
```

```exp right
# regimen plan experiment.exp --variant quick
variant quick { base.duration = 10 steps }
```
"#,
};

/// The chosen variant is not declared.
pub fn unknown_variant(chosen: &Ident, names: &[&str]) -> Diagnostic {
    let diagnostic = Diagnostic::error(CODE, format!("there is no variant `{}`", chosen.node))
        .at(chosen.span, "chosen on the command line");
    match names.len() {
        0 => diagnostic.help("declare it first: the file has no `variant`"),
        _ => suggest(diagnostic, chosen, names)
            .because(format!("Declared: {}.", listed(names.iter().copied()))),
    }
}
