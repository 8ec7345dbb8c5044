//! E0107: a comment of another language.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0107"),
    title: "comment of another language",
    page: r#"A comment begins with `#` and ends with the line. `//` and `/* */` have no meaning.

Wrong:

```exp
let width = 768 // hidden size
```

Right:

```exp
let width = 768   # hidden size
```
"#,
};

/// `// …` or `/* … */`
pub fn foreign_comment(span: Span, written: &str) -> Diagnostic {
    let sign = &written[..2];
    let text = written[2..].trim_end_matches("*/").trim();
    let message = Diagnostic::error(PAGE.code, format!("`{sign}` does not begin a comment"))
        .at(span, "comments begin with `#` and end with the line")
        .help(format!("Write `#` instead of `{sign}`."));
    // What follows a block comment on its line would become part of the comment.
    match sign == "//" {
        true => message.fix("write `#`", span, format!("# {text}")),
        false => message,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, fixed, only};

    #[test]
    fn the_sign_is_replaced() {
        assert_eq!(fixed("let a = 1 // why"), "let a = 1 # why");
        assert_eq!(fixed("// why\nlet a = 1"), "# why\nlet a = 1");
    }

    #[test]
    fn block_comments_are_recognised() {
        assert_eq!(codes("let a = /* why */ 1\nlet b = 2 /* open"), ["E0107", "E0107"]);
        assert!(only("/* a */ let a = 1").fixes.is_empty());
    }

    #[test]
    fn strings_may_contain_slashes() {
        assert!(diagnostics("let a = \"https://example.org\"").is_empty());
    }
}
