//! E0111: a bracket that closes nothing.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0111"),
    title: "bracket that closes nothing",
    page: r#"Every `}`, `]` and `)` needs the bracket that it closes, of the same kind.

Wrong:

```exp
let width = 768)
```

Right:

```exp
let width = 768
```
"#,
};

/// A closing bracket without its partner; `inside` is what is open around it.
pub fn stray(span: Span, sign: char, inside: Option<Span>) -> Diagnostic {
    let message = Diagnostic::error(PAGE.code, format!("this `{sign}` closes nothing"));
    let message = message.at(span, "no bracket of this kind is open here");
    let message = match inside {
        Some(open) => message.also(open, "this is what is open"),
        None => message,
    };
    message.help(format!("Remove the `{sign}`, or add the bracket that it should close.")).fix(
        format!("remove `{sign}`"),
        span,
        "",
    )
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, fixed, only};

    #[test]
    fn one_too_many_is_removed() {
        assert_eq!(fixed("model m : gpt { a = 1 }\n}\nlet a = 1"), "model m : gpt { a = 1 }\n\nlet a = 1");
        assert_eq!(fixed("let a = 1)"), "let a = 1");
        assert_eq!(fixed("model m : gpt {\n  a = 1 ]\n}"), "model m : gpt {\n  a = 1 \n}");
    }

    #[test]
    fn settings_after_a_brace_too_early_are_not_reported_as_well() {
        assert_eq!(codes("model m : gpt {\n  a = 1\n  }\n  b = 2\n  c = 3\n}\nlet x = 1"), ["E0111"]);
        assert_eq!(only("}").code.0, "E0111");
        assert!(diagnostics("model m : gpt {\n}").is_empty());
    }
}
