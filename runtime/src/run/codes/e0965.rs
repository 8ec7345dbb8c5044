//! E0965: the run goes on on another kind of machine.

use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0965"),
    title: "the run is resumed on another kind of machine",
    page: "\
The run was started with another device, instruction set or number of threads. The training goes on correctly, but sums are
formed in another order there, so the last digits of the losses will not be those of an uninterrupted run on either
machine.

This is a warning. Where the same bits matter, resume on the same kind of machine.

**Fix.** Nothing is needed. To reproduce the run exactly, start it over on one kind of machine:

```
regimen run experiment.exp --fresh
```
",
};

/// Both machines in words.
pub fn another_machine(before: &str, now: &str) -> Diagnostic {
    Diagnostic::warning(PAGE.code, format!("the run began on {before} and goes on on {now}"))
        .because("The training is correct, but its last digits depend on the machine.")
        .help("resume on the same kind of machine if the same bits matter")
}
