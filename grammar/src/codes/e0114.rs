//! E0114: a value is missing.

use super::excerpt;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0114"),
    title: "missing value",
    page: r#"After `=`, an operator, or an opening parenthesis stands a value, and it begins on the same line. A line break ends a value, unless an
operator stands before it.

Wrong:

```exp
model gpt2 : gpt {
  layers =
}
```

Right:

```exp
model gpt2 : gpt {
  layers = 12
}
```
"#,
};

/// Nothing stands after `=` or an operator.
pub fn nothing_after(owner: Span, written: &str) -> Diagnostic {
    let sign = written.split_whitespace().next_back().unwrap_or(written);
    Diagnostic::error(PAGE.code, format!("there is no value after `{}`", excerpt(written)))
        .at(owner, "expected a value after this, on the same line")
        .help(format!("Write a value after `{sign}`, or remove the line."))
}

/// Something stands where a value should.
pub fn instead(span: Span, found: &str, owner: &str) -> Diagnostic {
    let found = excerpt(found);
    Diagnostic::error(PAGE.code, format!("expected a value after `{}`, found `{found}`", excerpt(owner)))
        .at(span, "a value cannot begin with this")
        .because("A value is a number, a text between double quotes, `true` or `false`, a name, a list `[…]`, or a record `{…}`.")
        .help("Write a value here.")
}

/// A text from the command line that is no value.
pub fn not_a_value(span: Span, found: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{}` does not begin a value", excerpt(found)))
        .at(span, "expected a value here")
        .help("Write a number, a text between double quotes, `true` or `false`, a name, a list `[…]`, or a record `{…}`.")
}

/// Nothing at all, or empty parentheses.
pub fn empty(span: Span) -> Diagnostic {
    Diagnostic::error(PAGE.code, "there is no value here")
        .at(span, "expected a value")
        .help("Write a value, such as `6e-4` or `\"text\"`.")
}

/// A key without anything.
pub fn alone(span: Span, key: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{key}` is not set to anything"))
        .at(span, "expected `=` and a value after this")
        .help(format!("Write `{key} = …`, with `true` to switch something on, or remove it."))
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, only};

    #[test]
    fn a_value_begins_on_the_line_of_its_key() {
        assert_eq!(codes("model m : gpt {\n  a =\n  b = 2\n  c =\n}"), ["E0114", "E0114"]);
        assert!(only("let a =").title.contains("`let a =`"));
        assert_eq!(only("let a").code.0, "E0114");
        assert_eq!(only("assert").code.0, "E0114");
    }

    #[test]
    fn an_operator_needs_a_value() {
        assert_eq!(only("let a = 1 +").title, "there is no value after `+`");
        assert_eq!(only("model m : gpt {\n  a = 1 *\n  b = 2\n}").title, "there is no value after `*`");
        assert_eq!(only("let a = 1 + * 2").title, "expected a value after `+`, found `*`");
        assert_eq!(only("let a = ()").code.0, "E0114");
    }

    #[test]
    fn a_lonely_key_is_named() {
        assert_eq!(only("model m : gpt { tied, layers = 2 }").title, "`tied` is not set to anything");
        assert!(diagnostics("model m : gpt { tied = true }").is_empty());
    }
}
