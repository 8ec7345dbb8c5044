//! E0102: something is nested too deeply.

use crate::limits;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0102"),
    title: "nested too deeply",
    page: r#"Brackets may be nested 64 deep and an expression may have about 500 operators. Nobody writes more by hand; the bound is what lets
any file whatever be opened safely.

Wrong:

```exp
let x = ((((((((1))))))))   # and 56 more
```

Right:

```exp
let half = 0.5
let x = half * half
```
"#,
};

/// A bracket inside too many others.
pub fn brackets(span: Span) -> Diagnostic {
    let limit = limits::NESTING;
    Diagnostic::error(PAGE.code, format!("brackets are nested more than {limit} deep"))
        .at(span, "this one is too many")
        .because("The nesting is bounded, so that a damaged or hostile file cannot exhaust memory. The file was not read further.")
        .help("Remove brackets that are not needed, or name inner parts with `let`.")
}

/// An expression with too many operators.
pub fn expression(span: Span) -> Diagnostic {
    Diagnostic::error(PAGE.code, "this expression has too many operators")
        .at(span, "")
        .because(
            "The size of one expression is bounded, so that a damaged or hostile file cannot exhaust memory.",
        )
        .help("Split it: name parts of it with `let`.")
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, only};

    #[test]
    fn brackets_up_to_the_limit_are_read() {
        let nested = |n: usize| format!("let x = {}1{}", "(".repeat(n), ")".repeat(n));
        assert!(diagnostics(&nested(64)).is_empty());
        assert_eq!(codes(&nested(65)), ["E0102"]);
        assert_eq!(codes(&nested(100_000)), ["E0102"]);
    }

    #[test]
    fn brackets_that_do_not_match_count_too() {
        assert!(codes(&"({)".repeat(100_000)).contains(&"E0102"));
    }

    #[test]
    fn long_chains_of_operators_are_refused() {
        let chain = |n: usize| format!("let x = 1{}", " + 1".repeat(n));
        assert!(diagnostics(&chain(200)).is_empty());
        assert_eq!(only(&chain(100_000)).code.0, "E0102");
        assert_eq!(only(&format!("let x = {}1", "-".repeat(100_000))).code.0, "E0102");
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        let text = format!("let x = \"{}\" # {}", "(".repeat(100), "{".repeat(100));
        assert!(diagnostics(&text).is_empty());
    }
}
