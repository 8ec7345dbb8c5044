//! E0115: an operator that does not exist.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0115"),
    title: "unknown operator",
    page: r#"The operators are `or`, `and`, `not`, `==`, `!=`, `<`, `<=`, `>`, `>=`, `+`, `-`, `*`, `/` and `^`.

Wrong:

```exp
assert 1 < 2 && 2 < 3
```

Right:

```exp
assert 1 < 2 and 2 < 3
```
"#,
};

/// What is written here for an operator of another language; `None` if the sign exists.
pub fn replacement(written: &str) -> Option<&'static str> {
    match written {
        "&&" | "&" => Some("and"),
        "||" | "|" => Some("or"),
        "!" => Some("not"),
        "=>" => Some(">="),
        "=<" => Some("<="),
        "<>" | "!==" => Some("!="),
        "===" => Some("=="),
        "**" => Some("^"),
        ":=" => Some("="),
        _ => None,
    }
}

/// An operator of another language.
pub fn unknown_operator(span: Span, written: &str, right: &str) -> Diagnostic {
    let spaced = if written == "!" { "not ".to_owned() } else { right.to_owned() };
    Diagnostic::error(PAGE.code, format!("there is no operator `{written}`"))
        .at(span, format!("here it is `{right}`"))
        .help(format!("Write `{right}`."))
        .fix(format!("write `{right}`"), span, spaced)
}

/// A single `=` inside an expression.
pub fn equals(span: Span) -> Diagnostic {
    Diagnostic::error(PAGE.code, "`=` does not compare")
        .at(span, "`=` sets a value, `==` compares two")
        .help("Write `==`.")
        .fix("write `==`", span, "==")
}

/// `+3`
pub fn prefix_plus(span: Span) -> Diagnostic {
    Diagnostic::error(PAGE.code, "there is no `+` in front of a value")
        .at(span, "needs something to add to")
        .help("Remove the `+`.")
        .fix("remove `+`", span, "")
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, fixed, only};

    #[test]
    fn operators_of_other_languages_are_translated() {
        for (wrong, right) in [
            ("a && b", "a and b"),
            ("a || b", "a or b"),
            ("!a", "not a"),
            ("a => b", "a >= b"),
            ("a =< b", "a <= b"),
            ("a <> b", "a != b"),
            ("a === b", "a == b"),
            ("a ** b", "a ^ b"),
            ("a = b", "a == b"),
            ("(a = b)", "(a == b)"),
            ("+a", "a"),
        ] {
            assert_eq!(fixed(&format!("assert {wrong}")), format!("assert {right}"));
        }
        assert_eq!(fixed("let a := 3"), "let a = 3");
        assert_eq!(fixed("budget b { time => 3 h }"), "budget b { time >= 3 h }");
    }

    #[test]
    fn all_of_them_are_reported() {
        assert_eq!(codes("assert a && !b || c"), ["E0115", "E0115", "E0115"]);
        assert!(
            diagnostics("assert a and not b or c != d").is_empty() && only("assert !a").code.0 == "E0115"
        );
    }
}
