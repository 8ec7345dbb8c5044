//! E0964: a checkpoint does not fit the model.

use super::listed;
use regimen_base::{Code, CodePage, Diagnostic};
use std::path::Path;

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0964"),
    title: "the checkpoint is of another model",
    page: "\
The checkpoint is intact, but its tensors are not those of the stage that wants to load it: names are missing or shapes
differ. The stage that wrote it trained a model with other layers, widths, context or vocabulary.

The compiler checks this for stages of one experiment. It can still happen if the experiment was changed after the earlier
stage ran.

**Fix.** Run the earlier stage again with the changed experiment, or undo the change.
",
};

/// What does not fit.
pub fn checkpoint_of_another_model(path: &Path, missing: &[String], wrong: &[String]) -> Diagnostic {
    let title = format!("the checkpoint `{}` is of another model", path.display());
    let mut diagnostic = Diagnostic::error(PAGE.code, title);
    if !missing.is_empty() {
        diagnostic = diagnostic.because(format!("It lacks {}.", listed(missing)));
    }
    if !wrong.is_empty() {
        diagnostic = diagnostic.because(format!("Wrong shape or type: {}.", listed(wrong)));
    }
    diagnostic.help("run the earlier stage again with the changed experiment, or undo the change")
}
