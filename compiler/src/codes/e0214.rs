//! E0214: a field that must be written.

use crate::schema::Field;
use regimen_base::{Code, CodePage, Diagnostic, Span};
use regimen_grammar::ast::Ident;

/// The code.
pub const CODE: Code = Code("E0214");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a field that must be written",
    page: r#"The field has no default that would be right for everybody.

```exp wrong
model small : gpt { layers = 2, heads = 2, context = 64, tokenizer = words }
```

```exp right
model small : gpt { layers = 2, heads = 2, hidden = 64, context = 64, tokenizer = words }
```
"#,
};

/// A budget that limits nothing.
pub fn no_limits(at: Span) -> Diagnostic {
    Diagnostic::error(CODE, "this budget limits nothing")
        .at(at, "no limit")
        .because("A budget without a limit always holds, whatever the stage needs.")
        .help("write a limit, such as `memory <= 16 GiB` or `time <= 2 h`, or remove the budget")
}

/// A required field is missing from a declaration, or from a block in it.
pub fn missing_field(field: &Field, inside: &str, name: &Ident, kind: &str, at: Span) -> Diagnostic {
    let place = if inside.is_empty() { String::new() } else { format!(" in `{inside}`") };
    Diagnostic::error(CODE, format!("{kind} `{}` needs `{}`{place}", name.node, field.name))
        .at(at, format!("`{}` is missing{place}", field.name))
        .because(format!("`{}`: {}", field.name, field.doc))
        .help(format!("write `{} = …` with {}", field.name, field.ty.expectation()))
}
