//! E0124: a dollar sign or a scale in the wrong place.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0124"),
    title: "dollar sign or scale in the wrong place",
    page: r#"The dollar sign stands before a number. A scale (`k`, `M`, `B`, `T`) stands directly after the digits, so that it cannot be mistaken for a
unit (`10 B` is ten bytes).

Wrong:

```exp
let budget_of_tokens = 10 B tokens
```

Right:

```exp
let budget_of_tokens = 10B tokens
```
"#,
};

/// `50$`
pub fn dollar_after(span: Span, number: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, "the dollar sign stands before the number")
        .at(span, "")
        .help(format!("Write `${number}`."))
        .fix(format!("write `${number}`"), span, format!("${number}"))
}

/// `10 B tokens`
pub fn scale_apart(span: Span, right: &str, scale: char) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("the scale `{scale}` stands directly after the digits"))
        .at(span, "with a space before it, it is a unit")
        .help(format!("Write `{right}`."))
        .fix(format!("write `{right}`"), span, right)
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, fixed, only};

    #[test]
    fn dollars_move_to_the_front() {
        assert_eq!(fixed("budget b { cost <= 50$ }"), "budget b { cost <= $50 }");
        assert_eq!(fixed("let a = 2.50 $"), "let a = $2.50");
    }

    #[test]
    fn scales_move_to_their_digits() {
        assert_eq!(fixed("let a = 10 B tokens"), "let a = 10B tokens");
        assert_eq!(fixed("let a = [1 M tokens, 2]"), "let a = [1M tokens, 2]");
        assert_eq!(fixed("let a = 10K tokens"), "let a = 10k tokens");
    }

    #[test]
    fn bytes_are_bytes() {
        assert!(diagnostics("let a = 10 B").is_empty() && diagnostics("let a = 10B tokens").is_empty());
        assert_eq!(codes("let a = 10 B tokens\nlet b = 1$"), ["E0124", "E0124"]);
        assert_eq!(only("let a = 10 B tokens").fixes.len(), 1);
    }
}
