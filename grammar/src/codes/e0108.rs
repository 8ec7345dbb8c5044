//! E0108: a number that is not well-formed.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0108"),
    title: "malformed number",
    page: r#"A number is digits, at most one point with digits on both sides, and perhaps an exponent: `50_304`, `0.95`, `6e-4`.
Single underscores may stand between digits.

Wrong:

```exp
let vocab = 50__304
```

Right:

```exp
let vocab = 50_304
```
"#,
};

/// `1__0`, `1.2.3`, `.5`, `5.`
pub fn malformed_number(span: Span, written: &str, tidy: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{written}` is not a number"))
        .at(span, reason(written))
        .because("A number is digits, at most one point with digits on both sides, and perhaps an exponent such as `e-4`; single underscores may stand between digits.")
        .help(format!("Write `{tidy}` if that is what you mean."))
        .fix(format!("write `{tidy}`"), span, tidy)
}

fn reason(written: &str) -> &'static str {
    let mantissa = written.split(['e', 'E']).next().unwrap_or(written);
    if mantissa.matches('.').count() > 1 {
        "more than one point"
    } else if written.contains("__") {
        "two underscores side by side"
    } else if mantissa.starts_with('.') {
        "no digit before the point"
    } else if mantissa.ends_with('.') {
        "no digit after the point"
    } else if mantissa.len() < written.len() && written[mantissa.len()..].contains('.') {
        "an exponent is a whole number"
    } else {
        "an underscore stands between digits only"
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, fixed, only};

    #[test]
    fn numbers_are_tidied() {
        for (wrong, right) in [
            ("1__0", "1_0"),
            ("1.2.3", "1.2"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1_", "1"),
            ("1.000.000", "1_000_000"),
            ("1e2.5", "1e2"),
        ] {
            assert_eq!(fixed(&format!("let a = {wrong}")), format!("let a = {right}"));
        }
    }

    #[test]
    fn units_are_unharmed() {
        assert_eq!(fixed("let a = 50_tokens"), "let a = 50tokens");
        assert_eq!(codes("let a = [1__0, .5, 3]"), ["E0108", "E0108"]);
        assert!(diagnostics("let a = 1_000.5e-3").is_empty() && only("let a = 1_.5").code.0 == "E0108");
    }
}
