//! E0955: the plan computes something else than the run to be resumed.

use crate::run::fields::in_words;
use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0955"),
    title: "the run cannot be resumed with a plan that computes other numbers",
    page: "\
A resumed run ends with the same bits as one that was never interrupted. That is only possible if the plan still
computes the same: same model, data, tokenizer, batch, optimizer, learning rate, seed, precision, threads. The message lists
the fields of the experiment that differ, with the old and the new value, and places in the plan that follow from no single field.

What may change freely: when checkpoints are written and how many are kept, and sample texts.

**Fix.** Undo the change, or keep it and start over:

```
regimen run experiment.exp --fresh
```

To use the trained weights under other settings, declare a new stage that starts from them: `from = pretrain.last`.
",
};

/// One place where two plans differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Path in the plan.
    pub field: String,
    /// What the run was started with.
    pub before: String,
    /// What is asked for now.
    pub now: String,
}

/// Lists the differences; many are cut with their number.
pub fn resume_refused(stage: &str, differences: &[Difference]) -> Diagnostic {
    let title = format!("stage `{stage}` cannot be resumed: the plan now computes something else");
    let mut diagnostic = with_differences(Diagnostic::error(PAGE.code, title), differences);
    if differences.is_empty() {
        diagnostic = diagnostic.because(
            "Another version of regimen wrote the checkpoint, and counted other things as decisive.",
        );
    }
    diagnostic
        .help("undo the change, or start over with `--fresh`, which keeps the old folder beside the new one")
}

/// Adds a note for each difference; many are cut with their number.
pub(super) fn with_differences(mut diagnostic: Diagnostic, differences: &[Difference]) -> Diagnostic {
    const SHOWN: usize = 8;
    let all = in_words(differences);
    for d in all.iter().take(SHOWN) {
        diagnostic = diagnostic.because(match d.now.as_str() {
            "" => format!("`{}` is another one.", d.field),
            now => format!("`{}` was {} and is now {now}.", d.field, d.before),
        });
    }
    match all.len().saturating_sub(SHOWN) {
        0 => diagnostic,
        1 => diagnostic.because("1 more place in the plan differs."),
        more => diagnostic.because(format!("{more} more places in the plan differ.")),
    }
}
