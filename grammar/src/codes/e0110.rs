//! E0110: a bracket that is not closed.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0110"),
    title: "bracket that is not closed",
    page: r#"Every `{`, `[` and `(` needs its partner. A line that begins an item (`stage …`, `let …`) ends everything that is still open before it,
so that the rest of the file is read.

Wrong:

```exp
model gpt2 : gpt {
  layers = 12

let width = 768
```

Right:

```exp
model gpt2 : gpt {
  layers = 12
}

let width = 768
```
"#,
};

/// An opening bracket without its partner; `before` is where it should have been closed at the latest.
pub fn unclosed(open: Span, sign: char, before: Span, insert: Span, text: String) -> Diagnostic {
    let closing = match sign {
        '{' => '}',
        '[' => ']',
        _ => ')',
    };
    let here = match before.start == before.end {
        true => "the file ends here",
        false => "it should be closed before this",
    };
    Diagnostic::error(PAGE.code, format!("this `{sign}` is never closed"))
        .at(open, "opened here")
        .also(before, here)
        .help(format!("Add the missing `{closing}`."))
        .fix(format!("add `{closing}`"), insert, text)
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, fixed, only};

    #[test]
    fn a_missing_brace_costs_one_message_and_is_added() {
        assert_eq!(
            fixed("model m : gpt {\n  layers = 12\n\nlet width = 768"),
            "model m : gpt {\n  layers = 12\n}\n\nlet width = 768"
        );
        assert_eq!(fixed("let a = [1, 2\nlet b = 3"), "let a = [1, 2]\nlet b = 3");
        assert_eq!(fixed("let a = (1 + 2\n"), "let a = (1 + 2)\n");
    }

    #[test]
    fn indentation_shows_which_brace_is_missing() {
        let text = "stage s : t {\n  optimizer = adamw { lr = 1\n  schedule = cosine {}\n}\nlet a = 1";
        assert_eq!(
            fixed(text),
            "stage s : t {\n  optimizer = adamw { lr = 1 }\n  schedule = cosine {}\n}\nlet a = 1"
        );
    }

    #[test]
    fn lists_end_where_settings_begin() {
        assert_eq!(
            fixed("stage s : t {\n  a = [1, 2\n  b = 3\n}"),
            "stage s : t {\n  a = [1, 2]\n  b = 3\n}"
        );
    }

    #[test]
    fn every_item_has_its_own() {
        assert_eq!(codes("model a : b {\nmodel c : d {\nlet e = (1"), ["E0110", "E0110", "E0110"]);
        assert_eq!(only("model a : b {").labels.len(), 2);
        assert!(diagnostics("model a : b {}\n").is_empty());
    }
}
