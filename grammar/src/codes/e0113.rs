//! E0113: no `=` between a key and its value.

use super::excerpt;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0113"),
    title: "no `=` between a key and its value",
    page: r#"A setting is `key = value`; a budget also has `key <= value` and `key >= value`. The colon stands only between a name and
its type in the header of a block.

Wrong:

```exp
model gpt2 : gpt { layers: 12 }
```

Right:

```exp
model gpt2 : gpt { layers = 12 }
```
"#,
};

/// What is right where another sign was written.
pub fn replacement(written: &str) -> Option<&'static str> {
    match written {
        ":" | "==" => Some("="),
        "<" => Some("<="),
        ">" => Some(">="),
        // Signs that exist nowhere are reported as operators.
        _ => None,
    }
}

/// A sign that does not set anything.
pub fn wrong(span: Span, written: &str, right: &str) -> Diagnostic {
    let why = match written {
        ":" => "the colon stands only between a name and its type",
        "==" => "`==` compares, `=` sets",
        _ => "a limit includes its value",
    };
    Diagnostic::error(PAGE.code, format!("`{written}` does not set a value"))
        .at(span, why)
        .help(format!("Write `{right}`."))
        .fix(format!("write `{right}`"), span, right)
}

/// A `let` with another sign than `=`.
pub fn only_is(span: Span, written: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{written}` does not name a value"))
        .at(span, "`let` takes `=`")
        .help("Write `=`; what must hold is written `assert a <= b`.")
        .fix("write `=`", span, "=")
}

/// A key followed directly by its value.
pub fn missing(key: Span, name: &str) -> Diagnostic {
    let end = Span::new(key.file, key.end as usize, key.end as usize);
    Diagnostic::error(PAGE.code, format!("there is no `=` between `{name}` and its value"))
        .at(key, "expected `=` after this")
        .help(format!("Write `{name} = …`."))
        .fix("add `=`", end, " =")
}

/// A key followed by something that is not a value either.
pub fn expected(span: Span, found: &str, key: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("expected `=` after `{key}`, found `{}`", excerpt(found)))
        .at(span, "a setting is `key = value`")
        .help(format!("Write `{key} = …`."))
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, fixed, only};

    #[test]
    fn other_signs_are_replaced() {
        assert_eq!(fixed("model m : gpt { layers: 12 }"), "model m : gpt { layers= 12 }");
        assert_eq!(fixed("model m : gpt { layers == 12 }"), "model m : gpt { layers = 12 }");
        assert_eq!(fixed("budget b { memory < 1 GiB }"), "budget b { memory <= 1 GiB }");
        assert_eq!(fixed("let a : 3"), "let a = 3");
    }

    #[test]
    fn a_missing_sign_is_added() {
        assert_eq!(fixed("model m : gpt { layers 12 }"), "model m : gpt { layers = 12 }");
        assert_eq!(
            fixed("model m : gpt { optimizer adamw { lr = 1 } }"),
            "model m : gpt { optimizer = adamw { lr = 1 } }"
        );
        assert_eq!(fixed("model m : gpt { a { b = 1 } }"), "model m : gpt { a = { b = 1 } }");
        assert_eq!(fixed("let a 3"), "let a = 3");
    }

    #[test]
    fn each_is_reported() {
        assert_eq!(codes("model m : gpt {\n  a: 1\n  b 2\n  c = 3\n  d * 4\n}"), ["E0113", "E0113", "E0113"]);
        assert!(only("model m : gpt { d * 4 }").title.contains("found `*`"));
        assert!(diagnostics("model m : gpt { d = 4 }").is_empty());
    }
}
