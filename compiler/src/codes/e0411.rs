//! E0411: many passes over the data.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0411");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "many passes over the data",
    page: r#"A warning. Beyond about four passes, repeated text teaches less and less (Muennighoff et al. 2023), and the model begins to memorise.
Small experiments do it on purpose; then evaluate on held-out text.

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
