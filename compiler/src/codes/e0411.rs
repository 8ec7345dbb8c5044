//! E0411: many passes over the data.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0411");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "many passes over the data",
    page: r#"A warning. Beyond about four passes, repeated text teaches less and less (Muennighoff et al. 2023), and the model begins to memorise.
Small experiments do it on purpose; then evaluate on held-out text. In a mix each source counts by itself: a small one with a large share is
repeated often while the others are not; an evaluation on a part of that source shows when it turns.

```exp wrong
stage pretrain = base with { duration = 40 epochs }
```

```exp right
stage pretrain = base with { duration = 2 epochs }
```
"#,
};

/// More than four passes and no held-out evaluation.
pub fn epochs(epochs: f64, samples: u64, span: Span) -> Diagnostic {
    Diagnostic::warning(CODE, format!("{epochs:.1} passes over the training data"))
        .at(span, format!("an epoch has {samples} samples"))
        .because("Beyond about four passes, repeated text teaches little and is memorised.")
        .help("use more text, train shorter, or add `evaluate` on a held-out part to see when it turns")
}

/// The same of one source of a mix.
pub fn of_source(source: &str, epochs: f64, samples: u64, span: Span) -> Diagnostic {
    Diagnostic::warning(CODE, format!("{epochs:.1} passes over `{source}`, a source of the mix"))
        .at(span, format!("`{source}` has {samples} samples"))
        .because("Beyond about four passes, repeated text teaches little and is memorised.")
        .help(format!(
            "give `{source}` a smaller share or more text, train shorter, or evaluate on a held-out part of it"
        ))
}
