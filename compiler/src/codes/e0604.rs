//! E0604: a stage on a GPU needs an operation that has no kernel there.

use crate::experiment::Stage;
use crate::schema::listed;
use regimen_base::{Code, CodePage, Diagnostic};
use std::collections::BTreeSet;

/// The code.
pub const CODE: Code = Code("E0604");

/// The page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "an operation without a kernel on this device",
    page: "\
Every operation has a kernel for CPUs. A few have none for GPUs yet: a stage whose model or objective needs one of them runs on a CPU
only, and the message names them. Attention over a cache, which samples of text need, takes heads of 256 dimensions at most on a GPU.
Nothing is moved between devices behind your back.

Plan the stage with `on` a `cpu`, or choose a model and an objective that do without these operations: more\nheads for the same `hidden`, or no `sample`.",
};

/// These operations of a stage have no kernel on its device.
pub fn no_kernel(stage: &Stage, operations: &BTreeSet<&str>) -> Diagnostic {
    let names = listed(operations.iter().copied());
    Diagnostic::error(CODE, format!("`{}` cannot run on a `{}`", stage.name, stage.hardware.name))
        .because(format!("These operations have no kernel on a GPU: {names}."))
        .at(stage.span, format!("trains `{}`, a `{}`", stage.model.name, stage.model.architecture))
        .help("declare `hardware laptop : cpu {}` and let it run `on = laptop`")
}

/// A kernel does not take its operands; `why` is a full sentence without its full stop that begins with a small letter.
pub fn operands(stage: &Stage, why: &str) -> Diagnostic {
    Diagnostic::error(CODE, format!("`{}` cannot run on a `{}`: {why}", stage.name, stage.hardware.name))
        .at(stage.span, format!("trains `{}`, a `{}`", stage.model.name, stage.model.architecture))
        .help("give the model more heads, remove `sample`, or let it run `on` a `cpu`")
}
