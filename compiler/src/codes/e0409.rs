//! E0409: evaluation on the training part.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0409");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "evaluation on the training part",
    page: r#"A warning. An evaluation on what was trained on says nothing about other text: it cannot show overfitting, and early stopping and
`best` follow it.

```exp wrong
stage pretrain = base with { evaluate = { every = 10 steps, on = corpus.train } }
```

```exp right
stage pretrain = base with { evaluate = { every = 10 steps, on = corpus.validation } }
```
"#,
};

/// The evaluated part is the trained part.
pub fn trained_part(part: &str, other: Option<&str>, span: Span) -> Diagnostic {
    let diagnostic = Diagnostic::warning(CODE, format!("`{part}` is what the stage trains on"))
        .at(span, "evaluated")
        .because("It cannot show overfitting, and the best checkpoint is chosen by it.");
    match other {
        Some(other) => {
            diagnostic.help(format!("evaluate `{other}`")).fix(format!("write `{other}`"), span, other)
        }
        None => diagnostic.help("give the dataset a `split` with a part for validation"),
    }
}
