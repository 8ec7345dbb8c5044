//! E0118: settings or values are not separated as they should be.

use super::excerpt;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0118"),
    title: "missing or extra separator",
    page: r#"Settings and list elements are separated by commas or line breaks. Two on one line need a comma; one comma is enough.

Wrong:

```exp
model gpt2 : gpt { layers = 12 heads = 12 }
```

Right:

```exp
model gpt2 : gpt { layers = 12, heads = 12 }
```
"#,
};

/// Two settings or elements on one line.
pub fn missing_comma(after: Span, next: Span, found: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("there is no comma before `{}`", excerpt(found)))
        .at(next, "this begins something new")
        .also(after, "expected `,` here")
        .help("Put a comma between them, or begin a new line.")
        .fix("add a comma", after, ",")
}

/// A comma that separates nothing.
pub fn extra_comma(span: Span) -> Diagnostic {
    Diagnostic::error(PAGE.code, "this comma separates nothing")
        .at(span, "expected a setting or a value before it")
        .help("Remove the comma, or write what is missing.")
        .fix("remove the comma", span, "")
}

/// An item after another one on the same line.
pub fn item_on_same_line(span: Span, found: &str) -> Diagnostic {
    let start = Span::new(span.file, span.start as usize, span.start as usize);
    Diagnostic::error(PAGE.code, format!("`{found}` begins in the middle of a line"))
        .at(span, "every item begins on its own line")
        .help("Begin a new line before it.")
        .fix("begin a new line", start, "\n")
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, fixed, only};

    #[test]
    fn commas_are_added() {
        for (wrong, right) in [
            ("layers = 12 heads = 12", "layers = 12, heads = 12"),
            ("a = b c = 3", "a = b, c = 3"),
            ("a = \"x\" b = 2", "a = \"x\", b = 2"),
            ("a = {} b = 2", "a = {}, b = 2"),
            ("a = [x y]", "a = [x, y]"),
            ("a = [\"x\" \"y\"]", "a = [\"x\", \"y\"]"),
            ("a = min(b c)", "a = min(b, c)"),
            ("a = 1 tokens b = 2", "a = 1 tokens, b = 2"),
        ] {
            assert_eq!(
                fixed(&format!("model m : gpt {{ {wrong} }}")),
                format!("model m : gpt {{ {right} }}")
            );
        }
    }

    #[test]
    fn extra_commas_are_removed() {
        assert_eq!(fixed("let a = [1,, 2]"), "let a = [1, 2]");
        assert_eq!(fixed("let a = [, 2]"), "let a = [ 2]");
        assert_eq!(codes("model m : gpt { , a = 1, , b = 2 }"), ["E0118", "E0118"]);
        assert!(
            diagnostics("let a = [1, 2,]").is_empty() && diagnostics("model m : gpt { a = 1, }").is_empty()
        );
    }

    #[test]
    fn items_begin_on_their_own_line() {
        assert_eq!(fixed("let a = 1 let b = 2"), "let a = 1 \nlet b = 2");
        assert_eq!(only("model m : gpt {} assert a").code.0, "E0118");
    }
}
