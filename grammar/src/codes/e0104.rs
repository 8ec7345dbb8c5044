//! E0104: a string without its closing quote.

use super::excerpt;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0104"),
    title: "string without its closing quote",
    page: r#"A string ends on the line on which it begins. Without its closing quote the rest of the line would be part of it.

Wrong:

```exp
let path = "data/books
```

Right:

```exp
let path = "data/books"
```

A line break inside a string is written `\n`.
"#,
};

/// A string that runs to the end of its line.
pub fn unterminated_string(span: Span, raw: &str) -> Diagnostic {
    let inner = raw.trim_start_matches('"');
    // The quote was probably meant before what closes the surroundings.
    let text = inner.trim_end_matches([',', '}', ']', ')', ' ', '\t', '\r']);
    let end = span.start as usize + 1 + text.len();
    let end = Span::new(span.file, end, end);
    Diagnostic::error(PAGE.code, format!("the string `\"{}` has no closing quote", excerpt(inner)))
        .at(span, "begins here and runs to the end of the line")
        .help("Close it with `\"`; a line break inside a string is written `\\n`.")
        .fix("close the string", end, "\"")
}

#[cfg(test)]
mod tests {
    use crate::testing::{codes, diagnostics, fixed, only};

    #[test]
    fn the_quote_goes_before_closing_brackets() {
        assert_eq!(
            fixed("data d : text { files = \"a.txt }\nlet x = 1"),
            "data d : text { files = \"a.txt\" }\nlet x = 1"
        );
        assert_eq!(fixed("let a = \"b"), "let a = \"b\"");
    }

    #[test]
    fn other_lines_survive() {
        assert_eq!(codes("let a = \"b\nlet c = \"d\nlet e = 1"), ["E0104", "E0104"]);
        assert_eq!(diagnostics("model m : gpt {\n  a = \"b\n  c = 1\n}").len(), 1);
        assert_eq!(only("let a = \"").code.0, "E0104");
    }
}
