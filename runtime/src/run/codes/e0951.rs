//! E0951: a checkpoint is damaged.

use regimen_base::{Code, CodePage, Diagnostic};
use std::path::Path;

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0951"),
    title: "a checkpoint is damaged",
    page: "\
A file of the checkpoint is missing, has another length, or its SHA-256 is not the one in `manifest.json`. The file was
changed or the disk lost data after the checkpoint was written: an interrupted write cannot cause this, because a
checkpoint gets its name only when it is complete and durable.

When a run is resumed, this is a warning: the next older good checkpoint is used, and the damaged one is set
aside under the name `damaged-step-…` so that it can be looked at. When the checkpoint was asked for by name, it is an
error.

**Fix.** For a resume, nothing is to be done; the steps since the older checkpoint are computed again, with the
same results. Otherwise name another checkpoint of the same run, and check the disk.
",
};

/// A checkpoint that was asked for by name.
pub fn checkpoint_damaged(path: &Path, damage: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("the checkpoint `{}` is damaged: {damage}", path.display()))
        .because("Its files are compared with the sizes and checksums that were noted when it was written.")
        .help("use another checkpoint of the same run")
}

/// A checkpoint that a resume does without.
pub fn checkpoint_skipped(path: &Path, damage: &str) -> Diagnostic {
    Diagnostic::warning(PAGE.code, format!("the checkpoint `{}` is damaged: {damage}", path.display()))
        .because("It was set aside; the run goes on from the next older good checkpoint.")
        .help("check the disk; remove the folder that begins with `damaged-` when it is not needed")
}
