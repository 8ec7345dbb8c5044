//! E0122: text that does not belong where it stands.

use super::excerpt;
use crate::diagnose::Place;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0122"),
    title: "unexpected text",
    page: r#"Something is left over after a complete value or item, or a line begins with something that cannot begin a setting. An operator
that continues a value stands at the end of the line before.

Wrong:

```exp
model gpt2 : gpt {
  hidden = 3
    * 256
}
```

Right:

```exp
model gpt2 : gpt {
  hidden = 3 *
    256
}
```
"#,
};

/// Left over, without a better explanation.
pub fn unexpected(span: Span, written: &str, place: Place) -> Diagnostic {
    let (title, help) = match place {
        Place::Body => ("is not a setting", "Write a setting, `key = value`."),
        Place::List | Place::Arguments => {
            ("does not belong here", "Separate values by commas or line breaks.")
        }
        Place::Parens => ("does not belong here", "Close the parenthesis before it, or write an operator."),
        Place::Item | Place::Assert | Place::File => {
            ("does not belong here", "Remove it, or begin a new line.")
        }
        Place::Entry => (
            "does not belong here",
            "Remove it, write an operator before it, or put it between double quotes with the rest of a text.",
        ),
        Place::Input { .. } => {
            ("does not belong to the value", "Give one value; a text stands between double quotes.")
        }
    };
    Diagnostic::error(PAGE.code, format!("`{}` {title}", excerpt(written))).at(span, "").help(help)
}

/// A line that begins with an operator or another sign.
pub fn line_begins_with(span: Span, sign: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("a setting cannot begin with `{sign}`"))
        .at(span, "expected `key = value`")
        .because("A line break ends a value, unless an operator stands before it or parentheses are open.")
        .help(format!("If it continues the value above, put `{sign}` at the end of that line."))
}

/// A second `=` after a value.
pub fn second_equals(span: Span) -> Diagnostic {
    Diagnostic::error(PAGE.code, "there are two `=` in one setting")
        .at(span, "the second one")
        .help("Set one key at a time; `==` compares two values.")
}

/// `with` after a value.
pub fn with(span: Span) -> Diagnostic {
    Diagnostic::error(PAGE.code, "`with` cannot stand inside a value")
        .at(span, "only items are derived")
        .help("Derive an item at top level, `model wide = gpt2 with { … }`, and use its name here.")
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, only};

    #[test]
    fn operators_stand_at_the_end_of_the_line() {
        assert_eq!(only("model m : gpt {\n  a = 1\n    + 2\n}").title, "a setting cannot begin with `+`");
        assert!(diagnostics("model m : gpt {\n  a = 1 +\n    2\n}").is_empty());
        assert!(diagnostics("let a = (1\n  + 2)").is_empty());
    }

    #[test]
    fn leftovers_are_quoted() {
        assert_eq!(only("model m : gpt { a = b c }").title, "`c` does not belong here");
        assert_eq!(only("model m : gpt { a = b = c }").title, "there are two `=` in one setting");
        assert_eq!(only("let a = b with { c = 1 }").code.0, "E0122");
        assert_eq!(codes("let a = (b c)\nexperiment e {} foo"), ["E0122", "E0122"]);
    }
}
