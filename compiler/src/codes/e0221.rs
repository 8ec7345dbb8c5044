//! E0221: no such function.

use super::suggest;
use crate::eval::FUNCTIONS;
use regimen_base::{Code, CodePage, Diagnostic};
use regimen_grammar::ast::Ident;

/// The code.
pub const CODE: Code = Code("E0221");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "no such function",
    page: r#"The functions are `min`, `max`, `abs`, `floor`, `ceil` and `round`.

```exp wrong
let batch = maximum(8, 16)
```

```exp right
let batch = max(8, 16)
```
"#,
};

/// A function that does not exist.
pub fn unknown_function(name: &Ident) -> Diagnostic {
    let names: Vec<&str> = FUNCTIONS.iter().map(|(n, _)| *n).collect();
    let diagnostic =
        Diagnostic::error(CODE, format!("there is no function `{}`", name.node)).at(name.span, "unknown");
    suggest(diagnostic, name, &names)
}

/// A function with too few or too many arguments.
pub fn wrong_arguments(name: &Ident, wanted: &str, found: usize) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{}` takes {wanted}, not {found}", name.node))
        .at(name.span, "this function")
        .help(format!("give it {wanted}"))
}
