//! E0106: a string between single quotes.

use super::excerpt;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0106"),
    title: "string between single quotes",
    page: r#"Texts stand between double quotes. Single quotes have no meaning.

Wrong:

```exp
let path = 'data/books'
```

Right:

```exp
let path = "data/books"
```
"#,
};

/// `'…'`
pub fn single_quotes(span: Span, raw: &str) -> Diagnostic {
    let inner = raw.trim_matches('\'').replace('\\', "\\\\").replace('"', "\\\"");
    Diagnostic::error(PAGE.code, format!("`{}` stands between single quotes", excerpt(raw)))
        .at(span, "texts stand between double quotes")
        .help("Use double quotes.")
        .fix("use double quotes", span, format!("\"{inner}\""))
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, fixed, only};

    #[test]
    fn quotes_are_replaced() {
        assert_eq!(fixed("let a = 'b'"), "let a = \"b\"");
        assert_eq!(fixed("let a = 'say \"b\"'"), r#"let a = "say \"b\"""#);
    }

    #[test]
    fn the_value_is_read_all_the_same() {
        assert_eq!(codes("model m : gpt { a = 'b', c = 'd' }"), ["E0106", "E0106"]);
        assert_eq!(only("import 'lab.exp' as lab").code.0, "E0106");
        assert!(diagnostics("# it's a comment").is_empty());
    }
}
