//! E0116: a word of the language in the place of a name or a value.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0116"),
    title: "word of the language used as a name",
    page: r#"`and`, `or`, `not`, `with`, `as`, `true`, `false`, `import`, `let` and `assert` belong to the language and cannot be names.

Wrong:

```exp
let import = 3
```

Right:

```exp
let imported = 3
```
"#,
};

/// A keyword where a name stands.
pub fn keyword_as_name(span: Span, word: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{word}` is a word of the language and cannot be a name"))
        .at(span, "expected a name")
        .help(format!("Choose another name, such as `{word}_`."))
        .fix(format!("write `{word}_`"), span, format!("{word}_"))
}

/// A keyword where a value stands.
pub fn keyword_as_value(span: Span, word: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{word}` is a word of the language and cannot stand here"))
        .at(span, "expected a name or a value")
        .help(format!("Choose another name, or write `\"{word}\"` if you mean the text."))
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, fixed, only};

    #[test]
    fn names_are_changed() {
        assert_eq!(fixed("let import = 3"), "let import_ = 3");
        assert_eq!(fixed("model m : gpt { as = 3 }"), "model m : gpt { as_ = 3 }");
        assert_eq!(fixed("model true : gpt {}"), "model true_ : gpt {}");
        assert_eq!(fixed("let a = corpus.with"), "let a = corpus.with_");
    }

    #[test]
    fn values_are_explained() {
        assert_eq!(only("let a = with").code.0, "E0116");
        assert_eq!(codes("model m : gpt { a = let, b = as }"), ["E0116", "E0116"]);
        assert!(diagnostics("let a = true").is_empty());
    }
}
