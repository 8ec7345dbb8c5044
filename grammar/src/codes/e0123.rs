//! E0123: something that cannot be a name.

use super::excerpt;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0123"),
    title: "not a name",
    page: r#"A name is made of ASCII letters, digits and underscores and does not begin with a digit. Names are not quoted.

Wrong:

```exp
model gpt2-medium : gpt { layers = 24 }
```

Right:

```exp
model gpt2_medium : gpt { layers = 24 }
```
"#,
};

/// `gpt2-medium`, `4k`
pub fn invalid(span: Span, written: &str) -> Diagnostic {
    let right = crate::words::as_name(written);
    let why = match written.starts_with(|c: char| c.is_ascii_digit()) {
        true => "a name does not begin with a digit",
        false => "a name is made of letters, digits and underscores",
    };
    Diagnostic::error(PAGE.code, format!("`{}` is not a name", excerpt(written)))
        .at(span, why)
        .help(format!("Write `{right}`, for example."))
        .fix(format!("write `{right}`"), span, right)
}

/// `"gpt2"` where a name stands.
pub fn quoted(span: Span, inner: &str) -> Diagnostic {
    let right = crate::words::as_name(inner);
    Diagnostic::error(PAGE.code, format!("the name `{}` stands between quotes", excerpt(inner)))
        .at(span, "names are not quoted")
        .help(format!("Write `{right}`."))
        .fix(format!("write `{right}`"), span, right)
}

/// `lab.adamw { … }`, `math.min(…)`
pub fn dotted(span: Span, braces: bool) -> Diagnostic {
    let (what, form) = if braces { ("braces", "adamw { … }") } else { ("arguments", "min(a, b)") };
    Diagnostic::error(PAGE.code, format!("a name with a dot cannot take {what}"))
        .at(span, "expected a single word")
        .help(format!("Write a single word before them, such as `{form}`."))
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, fixed, only};

    #[test]
    fn names_are_suggested() {
        assert_eq!(fixed("model gpt2-medium : gpt {}"), "model gpt2_medium : gpt {}");
        assert_eq!(fixed("tokenizer 4k : bpe {}"), "tokenizer _4k : bpe {}");
        assert_eq!(fixed("let my-width = 3"), "let my_width = 3");
        assert_eq!(fixed("model m : gpt { weight-decay = 3 }"), "model m : gpt { weight_decay = 3 }");
    }

    #[test]
    fn quotes_are_removed() {
        assert_eq!(fixed("model \"gpt2\" : gpt {}"), "model gpt2 : gpt {}");
        assert_eq!(fixed("model m : gpt { \"layers\" = 12 }"), "model m : gpt { layers = 12 }");
        assert_eq!(fixed("let \"a\" = 12"), "let a = 12");
    }

    #[test]
    fn braces_follow_single_words() {
        assert_eq!(codes("let a = lab.adamw { lr = 1 }\nlet b = math.min(1)"), ["E0123", "E0123"]);
        assert_eq!(only("let a = b.c {}").title, "a name with a dot cannot take braces");
        assert!(diagnostics("let a = adamw { lr = 1 }").is_empty());
    }
}
