//! E0112: something at top level that is not an item.

use super::excerpt;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0112"),
    title: "not an item",
    page: r#"At top level a file has items only: `import`, `let`, `assert`, and blocks such as `model gpt2 : gpt { … }`. A setting
`key = value` belongs between the braces of a block.

Wrong:

```exp
layers = 12
```

Right:

```exp
model gpt2 : gpt { layers = 12 }
```
"#,
};

/// `key = value` outside any block; several lines are one message.
pub fn settings(span: Span, written: &str) -> Diagnostic {
    let key = written.split(['=', '<', '>']).next().unwrap_or("").trim();
    let message = Diagnostic::error(PAGE.code, format!("`{}` stands outside any block", excerpt(written)))
        .at(span, "settings belong between the braces of a block");
    let one_line = !written.trim().contains('\n');
    let start = Span::new(span.file, span.start as usize, span.start as usize);
    match one_line && crate::words::is_name(key) && written[key.len()..].trim_start().starts_with('=') {
        true => message.help(format!("Move it into a block, or write `let {key} = …` to name a value.")).fix(
            "name the value with `let`",
            start,
            "let ",
        ),
        false => message.help("Move it into a block such as `stage pretrain : causal_lm { … }`."),
    }
}

/// An item word with letters missing, swapped or added.
pub fn misspelt(span: Span, found: &str, right: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("there is no item `{found}`"))
        .at(span, format!("did you mean `{right}`?"))
        .help(format!("Write `{right}`."))
        .fix(format!("write `{right}`"), span, right)
}

/// Anything else.
pub fn not_an_item(span: Span, written: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{}` does not begin an item", excerpt(written)))
        .at(span, "expected an item here")
        .because(
            "At top level a file has `import`, `let`, `assert`, and blocks such as `model gpt2 : gpt { … }`.",
        )
        .help("Remove it, turn it into a comment with `#`, or move it into a block.")
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, fixed, only};

    #[test]
    fn settings_outside_are_one_message() {
        assert_eq!(codes("layers = 12\nheads = 12\n\nlet a = 1\nb <= 3"), ["E0112", "E0112"]);
        assert_eq!(fixed("width = 768"), "let width = 768");
    }

    #[test]
    fn misspelt_items_are_corrected() {
        assert_eq!(fixed("imprt \"lab.exp\" as lab"), "import \"lab.exp\" as lab");
        assert_eq!(fixed("asert 1 < 2"), "assert 1 < 2");
        assert_eq!(fixed("lett width = other"), "let width = other");
        assert_eq!(fixed("lte width = 3"), "let width = 3");
    }

    #[test]
    fn noise_is_named_line_by_line() {
        assert_eq!(codes("hello world out there\n12 monkeys\nlet a = 1"), ["E0112", "E0112"]);
        assert_eq!(codes("model:\n  layers: 12"), ["E0120", "E0112"]);
        assert!(only("\"text\"").title.contains("does not begin an item"));
        assert!(diagnostics("").is_empty());
    }
}
