//! E0702: a stage needs more memory than its device has.

use super::e0701::{NO_LESS_MEMORY, Remedy, with_breakdown, with_remedies};
use crate::experiment::Stage;
use crate::planning::show::{apart, bytes, count};
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
    let (needs, has) = apart(report.memory.upper_bound, stage.hardware.memory);
    let title =
        format!("stage `{}` needs {needs}, one device of `{}` has {has}", stage.name, stage.hardware.name);
    let diagnostic = Diagnostic::error(PAGE.code, title).at(stage.span, "this stage");
    with_remedies(with_breakdown(diagnostic, &report.memory), remedies, NO_LESS_MEMORY)
}

/// A use of a model does not fit what the machine has free: `doing` names it, `help` says what would make it smaller.
pub fn use_does_not_fit(stage: &Stage, report: &Report, doing: &str, help: &str) -> Diagnostic {
    let (needs, has) = apart(report.memory.upper_bound, stage.hardware.memory);
    let title = format!("{doing} needs {needs}, this machine has {has} for it");
    with_breakdown(Diagnostic::error(PAGE.code, title), &report.memory).help(help)
}

/// The weights and what training keeps beside them are too much already.
pub fn weights_alone(stage: &Stage, parameters: u64, needed: u64) -> Diagnostic {
    let (device, has) = (&stage.hardware.name, bytes(stage.hardware.memory));
    let title = format!(
        "stage `{}` needs more than {}, one device of `{device}` has {has}",
        stage.name,
        bytes(needed)
    );
    Diagnostic::error(PAGE.code, title)
        .at(stage.span, "this stage")
        .also(stage.model.span, format!("{} parameters", count(parameters)))
        .because("Weights, gradients and optimizer state alone take this, whatever the micro-batch and the sequence.")
        .help("make the model smaller, or choose hardware with more memory")
}
