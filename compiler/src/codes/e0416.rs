//! E0416: a run shorter than what it schedules.

use super::in_steps;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0416");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a run shorter than what it schedules",
    page: r#"A warning. Evaluations or checkpoints further apart than the run is long happen only once, after the last step.

```exp wrong
stage pretrain = base with { duration = 100 steps, evaluate = { every = 500 steps, on = corpus.validation } }
```

```exp right
stage pretrain = base with { duration = 100 steps, evaluate = { every = 50 steps, on = corpus.validation } }
```
"#,
};

/// A period longer than the run.
pub fn period(what: &str, every: (u64, Span), steps: u64) -> Diagnostic {
    Diagnostic::warning(CODE, format!("every {} steps, but the run has {steps}", every.0))
        .at(every.1, format!("{what} happens only after the last step"))
        .help(format!("write a smaller distance, such as `{}`", in_steps((steps / 10).max(1))))
}
