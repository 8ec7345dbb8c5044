//! E0956: a number of the training is not finite.

use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0956"),
    title: "the training produced a number that is not finite",
    page: "\
A metric or a weight became infinite or not-a-number. Every later step would be worthless, so the run stops at once. No
checkpoint with such a weight is ever written: the last checkpoint is good.

Usual causes, most frequent first: a learning rate that is too high or a warmup that is too short; no gradient
clipping; a reduced precision whose range does not suffice; a broken document in the data at that place.

**Fix.** Lower the learning rate, lengthen the warmup or clip gradients, and start over:

```
optimizer = adamw { lr = 3e-4, clip = 1.0 }
schedule  = cosine { warmup = 5% }
```
",
};

/// A metric of a step.
pub fn not_finite_metric(metric: &str, value: f64, step: u64, checkpoint: Option<u64>) -> Diagnostic {
    let title = format!("{metric} is {value} at step {step}");
    with_help(Diagnostic::error(PAGE.code, title), checkpoint)
}

/// A weight, found when a checkpoint was to be written.
pub fn not_finite_weight(weight: &str, step: u64) -> Diagnostic {
    let title = format!("`{weight}` holds a number that is not finite after step {step}");
    Diagnostic::error(PAGE.code, title)
        .because("No checkpoint was written; earlier ones are untouched.")
        .help("lower the learning rate, lengthen the warmup, or clip gradients")
}

fn with_help(diagnostic: Diagnostic, checkpoint: Option<u64>) -> Diagnostic {
    let kept = match checkpoint {
        Some(step) => format!("The last good checkpoint is that of step {step}."),
        None => "No checkpoint had been written yet.".to_owned(),
    };
    diagnostic.because(kept).help("lower the learning rate, lengthen the warmup, or clip gradients")
}
