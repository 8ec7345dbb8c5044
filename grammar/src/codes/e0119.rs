//! E0119: comparisons in a row.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0119"),
    title: "comparisons do not chain",
    page: r#"`a < b < c` means different things in different languages, so it means nothing here.

Wrong:

```exp
assert 1 < 2 < 3
```

Right:

```exp
assert 1 < 2 and 2 < 3
```
"#,
};

/// A comparison of a comparison.
pub fn chained(first: Span, second: Span, whole: Span) -> Diagnostic {
    Diagnostic::error(PAGE.code, "comparisons do not chain")
        .at(second, "a second comparison")
        .also(first, "the first comparison")
        .also(whole, "")
        .help("Join two comparisons with `and`, or use parentheses.")
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, fixed, only};

    #[test]
    fn chains_are_refused() {
        assert_eq!(codes("assert 1 < 2 < 3"), ["E0119"]);
        assert_eq!(codes("assert a == b != c >= d"), ["E0119", "E0119"]);
        assert_eq!(only("let x = [1 < 2 < 3]").code.0, "E0119");
    }

    #[test]
    fn parentheses_and_joins_are_fine() {
        assert!(diagnostics("assert (a < b) == (b < c) and c < d or not e == f").is_empty());
        assert_eq!(fixed("assert a = b and c < d"), "assert a == b and c < d");
    }
}
