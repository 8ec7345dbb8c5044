//! E0702: a stage needs more memory than its device has.

use super::e0701::{Remedy, with_breakdown, with_remedies};
use crate::experiment::Stage;
use crate::planning::show::bytes;
use regimen_base::plan::Report;
use regimen_base::{Code, CodePage, Diagnostic};

/// The page.
pub const PAGE: CodePage = CodePage {
    code: Code("E0702"),
    title: "a stage does not fit its device",
    page: "\
The plan needs more memory than one device of the stage's hardware has. Such a run would end with an out-of-memory error,
perhaps hours after it started, so it does not start.

The figure is not an estimate: the runtime executes exactly the planned allocations. Make the micro-batch smaller,
recompute activations, use bf16, shorten the sequence, or choose other hardware; the message says which single
change fits.",
};

/// The stage does not fit.
pub fn does_not_fit(stage: &Stage, report: &Report, remedies: &[Remedy]) -> Diagnostic {
    let title = format!(
        "stage `{}` needs {}, one device of `{}` has {}",
        stage.name,
        bytes(report.memory.upper_bound),
        stage.hardware.name,
        bytes(stage.hardware.memory)
    );
    let diagnostic = Diagnostic::error(PAGE.code, title).at(stage.span, "this stage");
    with_remedies(with_breakdown(diagnostic, &report.memory), remedies)
}
