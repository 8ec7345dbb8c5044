//! E0957: measured and planned memory differ.

use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0957"),
    title: "the measured memory is not the planned memory",
    page: "\
The plan states the largest number of bytes alive at any moment, and the allocator under libtorch counts them. The two must
be equal to the byte. They were not, so either the plan's formula for some operation's temporary memory does not hold on
this machine, or this is not the libtorch that the plan was verified with.

The results of the run are not affected; checkpoints and metrics are valid. What cannot be trusted is the budget.

**Fix.** Find the first operation that differs and report it:

```
regimen run experiment.exp --check-memory
```
",
};

/// Both numbers in bytes.
pub fn peak_differs(stage: &str, planned: u64, measured: u64) -> Diagnostic {
    let (more, word) =
        if measured > planned { (measured - planned, "more") } else { (planned - measured, "fewer") };
    let title = format!(
        "stage `{stage}` was planned to use {planned} bytes at its peak and used {measured}, {more} {word}"
    );
    Diagnostic::error(PAGE.code, title)
        .because("Weights and metrics are valid; the prediction of memory is not.")
        .help("run with `--check-memory` to see the first operation that differs, and report it")
}
