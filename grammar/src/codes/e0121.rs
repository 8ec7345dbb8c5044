//! E0121: an item between the braces of a block.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0121"),
    title: "item inside a block",
    page: r#"Items stand at top level: the order of declarations does not matter, and other blocks refer to them by name.

Wrong:

```exp
stage pretrain : causal_lm {
  model gpt2 : gpt { layers = 12 }
}
```

Right:

```exp
model gpt2 : gpt { layers = 12 }
stage pretrain : causal_lm { model = gpt2 }
```
"#,
};

/// `model gpt2 : gpt { … }` or `let a = 1` where a setting stands.
pub fn item_in_block(item: Span, word: Span, kind: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("a `{kind}` cannot stand inside a block"))
        .at(word, "this begins an item")
        .also(item, "")
        .because("Between braces stand settings, `key = value`.")
        .help("Move it out of the braces, to the top level of the file, and refer to it by its name.")
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, fixed, only};

    #[test]
    fn items_are_sent_to_the_top_level() {
        assert_eq!(
            codes("stage s : t {\n  model m : gpt {\n    a = 1\n  }\n  let b = 1\n  c = 2\n}"),
            ["E0121", "E0121"]
        );
        assert_eq!(only("stage s : t { assert a < b }").title, "a `assert` cannot stand inside a block");
        assert_eq!(only("stage s : t { import \"a\" as b }").code.0, "E0121");
    }

    #[test]
    fn a_block_without_a_colon_is_a_setting_without_its_sign() {
        assert_eq!(fixed("stage s : t { optimizer adamw {} }"), "stage s : t { optimizer = adamw {} }");
        assert!(diagnostics("stage s : t { model = m }").is_empty());
    }
}
