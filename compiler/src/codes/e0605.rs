//! E0605: a device that can be planned for and not computed on.

use crate::experiment::Stage;
use regimen_base::{Code, CodePage, Diagnostic};

/// The code.
pub const CODE: Code = Code("E0605");

/// The page.
pub const PAGE: CodePage = CodePage {
    code: CODE,
    title: "a device that can be planned for and not computed on",
    page: "\
The hardware catalogue knows the memory and the speed of more devices than the runtime has kernels for. A plan for such a device compares it
with others: bytes, FLOPs, hours, dollars. `regimen run` computes on CPUs and on NVIDIA cards of compute capability 8.0 (Ampere) or later.

**Fix.** None is needed to compare. To train, let the stage run `on` a device that the note does not name.",
};

/// `why` is what the catalogue says.
pub fn plans_only(stage: &Stage, why: &str) -> Diagnostic {
    let (name, hardware) = (&stage.name, &stage.hardware.name);
    Diagnostic::note(CODE, format!("`{name}` is planned for a `{hardware}` and cannot run on it"))
        .because(format!("The catalogue says: {why}."))
        .at(stage.span, format!("on a `{hardware}`"))
}
