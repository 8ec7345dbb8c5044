//! E0404: warmup and cooldown longer than the run.

use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0404");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "warmup and cooldown longer than the run",
    page: r#"The learning rate would never reach its peak, or would begin to fall before it did.

```exp wrong
stage pretrain = base with { duration = 100 steps, schedule = cosine { warmup = 2_000 steps } }
```

```exp right
stage pretrain = base with { duration = 100 steps, schedule = cosine { warmup = 10% } }
```
"#,
};

/// Warmup alone is longer than the run.
pub fn warmup(warmup: (u64, Span), steps: (u64, Span)) -> Diagnostic {
    Diagnostic::error(
        CODE,
        format!("a warmup of {} steps is longer than the run of {} steps", warmup.0, steps.0),
    )
    .at(warmup.1, "the peak is never reached")
    .also(steps.1, format!("{} steps", steps.0))
    .help("shorten the warmup: `warmup = 2%` fits any run")
    .fix("write `2%`", warmup.1, "2%")
}

/// Warmup and cooldown together are longer than the run.
pub fn cooldown(warmup: u64, cooldown: (u64, Span), steps: (u64, Span)) -> Diagnostic {
    let title =
        format!("warmup ({warmup}) and cooldown ({}) are more than the run's {} steps", cooldown.0, steps.0);
    Diagnostic::error(CODE, title)
        .at(cooldown.1, "begins before the warmup ends")
        .also(steps.1, format!("{} steps", steps.0))
        .help("shorten one of them: `cooldown = 20%` fits any run")
}
