//! E0109: a comma inside a number.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0109"),
    title: "comma inside a number",
    page: r#"A comma separates settings. Digits are grouped with underscores.

Wrong:

```exp
model m : gpt { vocab = 50,304 }
```

Right:

```exp
model m : gpt { vocab = 50_304 }
```
"#,
};

/// `50,304`
pub fn comma_in_number(span: Span, written: &str) -> Diagnostic {
    let right = written.replace(',', "_");
    Diagnostic::error(PAGE.code, format!("`{written}` has a comma inside a number"))
        .at(span, "a comma separates settings")
        .help(format!("Group digits with underscores: `{right}`."))
        .fix(format!("write `{right}`"), span, right)
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, fixed, only};

    #[test]
    fn commas_become_underscores() {
        assert_eq!(fixed("model m : gpt { vocab = 50,304 }"), "model m : gpt { vocab = 50_304 }");
        assert_eq!(fixed("model m : gpt { vocab = 1,050, a = 2 }"), "model m : gpt { vocab = 1_050, a = 2 }");
        assert_eq!(
            fixed("model m : gpt {\n  d = 10,000 tokens\n}"),
            "model m : gpt {\n  d = 10_000 tokens\n}"
        );
    }

    #[test]
    fn lists_of_numbers_are_lists() {
        assert!(diagnostics("let a = [50,304]").is_empty());
        assert!(only("model m : gpt { a = 1, 23 }").code.0 != "E0109");
        assert_eq!(codes("let a = 50,304").len(), 1);
    }
}
