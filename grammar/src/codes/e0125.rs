//! E0125: more mistakes than are listed.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0125"),
    title: "more mistakes than are listed",
    page: r#"Of a hundred mistakes in the syntax of a file, or a thousand in what it says, the first are listed and the others only counted. Many
of them are usually consequences of the first ones, or the file is of another kind: a script, a table, a log.

Correct the first ones and check again.

Wrong:

```exp
# a script of a few thousand lines
import torch
```

Right:

```exp
experiment small { seed = 1 }
```
"#,
};

/// So many more, after the place where the text ends.
pub fn more(count: usize, end: Span) -> Diagnostic {
    let mistakes = if count == 1 { "mistake is" } else { "mistakes are" };
    Diagnostic::error(PAGE.code, format!("{count} more {mistakes} not listed"))
        .at(end, "")
        .help("Correct the first ones and check again.")
}

#[cfg(test)]
mod tests {
    use crate::testing::diagnostics;

    #[test]
    fn all_mistakes_are_counted() {
        for line in ["let = 1\n", "let a = §\n", "let a = = 3\n"] {
            let found = diagnostics(&line.repeat(250));
            let last = found.last().map(|d| d.title.clone()).unwrap_or_default();
            assert_eq!((found.len(), last.as_str()), (101, "150 more mistakes are not listed"), "{line}");
        }
    }
}
