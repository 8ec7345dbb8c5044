//! E0432: an evaluation under another tokenizer.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0432");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "an evaluation under another tokenizer",
    page: r#"The evaluated part is tokenised with the stage's tokenizer, and must belong to the stage's dataset, or to a source of it where that is a
mix: parts of other datasets are not prepared for this stage.

```exp wrong
data other : text { files = "b.txt" }
stage pretrain = base with { evaluate = { every = 10 steps, on = other.train } }
```

```exp right
stage pretrain = base with { evaluate = { every = 10 steps, on = corpus.validation } }
```
"#,
};

/// A part of another dataset.
pub fn other_data(part: &str, data: &str, own: Option<&str>, span: Span) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(CODE, format!("`{part}` is not a part of `{data}`, which the stage reads"))
            .at(span, "of another dataset")
            .because("Evaluations read parts of the stage's own dataset, or of a source of it.");
    match own {
        Some(own) => diagnostic.help(format!("write `{own}`")).fix(format!("write `{own}`"), span, own),
        None => diagnostic.help(format!("give `{data}` a `split` with a part for validation")),
    }
}
