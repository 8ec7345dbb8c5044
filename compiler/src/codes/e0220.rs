//! E0220: a reserved name.

use regimen_base::{Code, CodePage, Diagnostic};
use regimen_grammar::ast::Ident;

/// The code.
pub const CODE: Code = Code("E0220");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a reserved name",
    page: r#"Names of units cannot be declared: after a number they would be ambiguous for the reader. Nor can `self`, the declaration that a field stands in.

```exp wrong
let tokens = 300
```

```exp right
let token_count = 300
```
"#,
};

/// A declaration named like a unit.
pub fn reserved(name: &Ident) -> Diagnostic {
    if name.node == "self" {
        return Diagnostic::error(CODE, "`self` is the declaration that a field stands in")
            .at(name.span, "reserved")
            .because("In a default or a field, `self.hidden` is another field of the same declaration.")
            .help("choose another name");
    }
    Diagnostic::error(CODE, format!("`{}` is the name of a unit", name.node))
        .at(name.span, "reserved")
        .because("Names of units stand after numbers only.")
        .help("choose another name")
}
