//! E0120: the header of a block is incomplete.

use super::excerpt;
use crate::ast::{Ident, Path};
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0120"),
    title: "incomplete header of a block",
    page: r#"A block is `kind name : type { … }`, or without a type for `experiment`, `budget`, `variant` and `sweep`; what is derived is
`kind name = base with { … }`.

Wrong:

```exp
model : gpt { layers = 12 }
```

Right:

```exp
model gpt2 : gpt { layers = 12 }
```
"#,
};

/// No name after the kind.
pub fn no_name(kind_span: Span, kind: &str) -> Diagnostic {
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    let form = match kind {
        "let" => "let width = 768".to_owned(),
        "experiment" | "budget" | "variant" | "sweep" => format!("{kind} name {{ … }}"),
        _ => format!("{kind} name : type {{ … }}"),
    };
    Diagnostic::error(PAGE.code, format!("{article} `{kind}` needs a name"))
        .at(kind_span, "expected a name after this")
        .help(format!("Write `{form}`."))
}

/// No braces.
pub fn no_body(header: Span, end: Span, written: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{}` has no braces", excerpt(written)))
        .at(header, "expected `{ … }` after this")
        .help("Add braces with the settings between them; `{}` if there are none.")
        .fix("add `{}`", end, " {}")
}

/// A colon without a type.
pub fn no_type(colon: Span, written: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{}` has no type", excerpt(written)))
        .at(colon, "expected a type and `{ … }` after the colon")
        .help("Write the type after the colon, such as `model gpt2 : gpt { … }`.")
}

/// Something else after the name.
pub fn header(span: Span, found: &str) -> Diagnostic {
    Diagnostic::error(
        PAGE.code,
        format!("expected `:`, `=` or `{{` after the name, found `{}`", excerpt(found)),
    )
    .at(span, "")
    .because("A block is `kind name : type { … }`, `kind name { … }`, or `kind name = base with { … }`.")
    .help("Complete the header.")
}

/// A derivation without `with`, without braces, or a declaration with `=` for `:`.
pub fn derivation(span: Span, kind: &Ident, name: &Ident, base: &Path, with: bool, body: bool) -> Diagnostic {
    let from = base.parts.iter().map(|part| part.node.as_str()).collect::<Vec<_>>().join(".");
    let (kind, label) = (&kind.node, format!("`{}`", name.node));
    let end = Span::new(span.file, base.span.end as usize, base.span.end as usize);
    let after = Span::new(span.file, span.end as usize, span.end as usize);
    let message = |missing: &str| {
        Diagnostic::error(PAGE.code, format!("the derivation of {label} from `{from}` has no {missing}"))
    };
    let form = format!("Write `{kind} {} = {from} with {{ … }}`", name.node);
    match (with, body) {
        (true, _) => message("braces")
            .at(span, "expected `{ … }` after `with`")
            .help(format!("{form}; `{{}}` if nothing changes."))
            .fix("add `{}`", after, " {}"),
        (false, false) => message("`with { … }`")
            .at(base.span, "expected `with` and what changes after this")
            .help(format!("{form}; a value is named with `let`."))
            .fix("add `with {}`", end, " with {}"),
        (false, true) => message("`with`")
            .at(base.span, "expected `with` after this")
            .help(format!("{form}, or `{kind} {} : {from} {{ … }}` if `{from}` is a type.", name.node))
            .fix("add `with`", end, " with"),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, fixed, only};

    #[test]
    fn names_are_asked_for() {
        assert_eq!(only("model : gpt { layers = 12 }").title, "a `model` needs a name");
        assert_eq!(only("experiment { seed = 1 }").title, "an `experiment` needs a name");
        assert_eq!(only("let = 3").title, "a `let` needs a name");
    }

    #[test]
    fn braces_are_added() {
        assert_eq!(fixed("model m : gpt\nlet a = 1"), "model m : gpt {}\nlet a = 1");
        assert_eq!(fixed("experiment e"), "experiment e {}");
        assert_eq!(fixed("model wide = gpt2 with"), "model wide = gpt2 with {}");
    }

    #[test]
    fn derivations_are_completed() {
        assert_eq!(fixed("model wide = gpt2 { hidden = 1 }"), "model wide = gpt2 with { hidden = 1 }");
        assert_eq!(fixed("model wide = lab.gpt2"), "model wide = lab.gpt2 with {}");
    }

    #[test]
    fn headers_are_explained() {
        assert_eq!(codes("model m :\nmodel m gpt {}\nlet a = 1"), ["E0120", "E0120"]);
        assert!(diagnostics("model m : gpt\n{\n}").is_empty());
    }
}
