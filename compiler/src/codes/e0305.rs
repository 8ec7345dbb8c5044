//! E0305: a value of the wrong type.

use crate::schema::Ty;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0305");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a value of the wrong type",
    page: r#"The field takes another type of value: a number where a text stands, a whole dataset where a part of it is needed.

```exp wrong
stage pretrain = base with { reproducible = "yes" }
```

```exp right
stage pretrain = base with { reproducible = true }
```
"#,
};

/// A value of another type.
pub fn wrong_type(wanted: &str, found: &str, span: Span) -> Diagnostic {
    Diagnostic::error(CODE, format!("expected {wanted}, got {found}"))
        .at(span, format!("this is {found}"))
        .help(format!("write {wanted}"))
}

/// A whole dataset or stage where a part of it is needed.
pub fn which_part(ty: &Ty, name: &str, parts: &[String], span: Span) -> Diagnostic {
    let wanted = ty.expectation();
    let diagnostic =
        Diagnostic::error(CODE, format!("which part of `{name}`?")).at(span, format!("expected {wanted}"));
    let preferred = parts.iter().find(|p| *p != "train").or(parts.first());
    match preferred {
        Some(part) => diagnostic.help(format!("write `{name}.{part}`")).fix(
            format!("write `{name}.{part}`"),
            Span { start: span.end, ..span },
            format!(".{part}"),
        ),
        None => diagnostic.help(format!("write {wanted}")),
    }
}

/// Two values of a type that has no equality: lists, fields in braces.
pub fn not_comparable(found: &str, span: Span) -> Diagnostic {
    let what = if found == "a list" { "lists" } else { found };
    Diagnostic::error(CODE, format!("{what} cannot be compared"))
        .at(span, format!("on both sides: {found}"))
        .help("compare single values: numbers, texts, words, `true` and `false`")
}
