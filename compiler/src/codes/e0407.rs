//! E0407: patience longer than the run.

use super::in_steps;
use regimen_base::{Code, CodePage, Diagnostic, Span};

/// The code.
pub const CODE: Code = Code("E0407");

/// Its page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "patience longer than the run",
    page: r#"Early stopping waits for `patience` evaluations without improvement. If there are no more evaluations than that, it can never
stop the run, and whoever wrote it believes that it can.

```exp wrong
stage pretrain = base with {
  evaluate = { every = 50 steps, on = corpus.validation }
  stop = { patience = 7 evaluations }
}
```

```exp right
stage pretrain = base with {
  evaluate = { every = 10 steps, on = corpus.validation }
  stop = { patience = 3 evaluations }
}
```
"#,
};

/// Fewer evaluations than the patience needs.
pub fn patience(patience: (u64, Span), evaluations: u64, every: (u64, Span), steps: u64) -> Diagnostic {
    let plural = if evaluations == 1 { "" } else { "s" };
    let title =
        format!("early stopping can never happen: {evaluations} evaluation{plural}, patience {}", patience.0);
    let help = if steps <= patience.0 {
        // However often it is evaluated.
        match steps.checked_sub(1).filter(|most| *most > 0) {
            Some(most) => {
                format!("lower the patience, to {most} at most with `every = 1 step`, or train longer")
            }
            None => "train longer: one step cannot be stopped early".to_owned(),
        }
    } else {
        let wanted = in_steps((steps / patience.0.saturating_mul(2).max(1)).max(1));
        format!("evaluate more often, such as `every = {wanted}`, or lower the patience")
    };
    Diagnostic::error(CODE, title)
        .at(patience.1, "more than the run can bring")
        .also(every.1, format!("{steps} steps make {evaluations} evaluation{plural}"))
        .because("The first evaluation sets the mark, so there must be more evaluations than the patience.")
        .help(help)
}
