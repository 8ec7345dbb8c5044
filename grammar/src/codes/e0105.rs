//! E0105: an escape that does not exist.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0105"),
    title: "unknown escape in a string",
    page: r#"In a string the backslash begins an escape: `\"`, `\\`, `\n`, `\t`, or `\u{…}` with the number of a Unicode character in
hexadecimal. Any other character after it is an error, because two readers would guess differently what it means. Paths of Windows are
written with `/` or with doubled backslashes.

Wrong:

```exp
let path = "data\books"
```

Right:

```exp
let path = "data/books"
```
"#,
};

/// A backslash and what follows it.
pub fn unknown_escape(span: Span, found: &str) -> Diagnostic {
    let message = Diagnostic::error(PAGE.code, format!("`{found}` is not an escape")).at(span, "").because(
        "The escapes are `\\\"`, `\\\\`, `\\n`, `\\t` and `\\u{…}` with one to six hexadecimal digits.",
    );
    if found.starts_with("\\u") {
        return message.help("Write the number of a Unicode character in braces, such as `\\u{e9}` for `é`.");
    }
    message.help("Double the backslash if you mean one; in paths `/` works everywhere.").fix(
        "double the backslash",
        span,
        format!("\\{found}"),
    )
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, fixed, only};

    #[test]
    fn every_wrong_escape_is_reported() {
        assert_eq!(codes(r#"let a = "\q \u{} \n""#), ["E0105", "E0105"]);
        assert!(diagnostics(r#"let a = "\" \\ \n \t \u{1F600}""#).is_empty());
    }

    #[test]
    fn the_backslash_is_doubled() {
        assert_eq!(fixed(r#"let a = "data\books""#), r#"let a = "data\\books""#);
        assert!(only(r#"let a = "\u12""#).help.unwrap_or_default().contains("braces"));
    }
}
