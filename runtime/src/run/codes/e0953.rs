//! E0953: another process writes into the run folder.

use regimen_base::{Code, CodePage, Diagnostic};
use std::path::Path;

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0953"),
    title: "another process is using the run folder",
    page: "\
A run holds a lock on the file `lock` in its folder as long as it lives. Two runs in one folder would mix their
metrics and overwrite each other's checkpoints, so the second one does not start.

The lock belongs to the process and not to the file: after a crash or `kill -9` the operating system has already
released it, and the file may stay where it is.

**Fix.** Wait for the other run, stop it (Ctrl-C saves first), or run another stage or experiment name.
",
};

/// `holder` is what the lock file says of the other process; may be empty.
pub fn folder_in_use(folder: &Path, holder: &str) -> Diagnostic {
    let title = format!("another process is running in `{}`", folder.display());
    let diagnostic = Diagnostic::error(PAGE.code, title);
    let diagnostic =
        if holder.is_empty() { diagnostic } else { diagnostic.because(format!("It is process {holder}.")) };
    diagnostic.help("wait for it to end, or stop it with Ctrl-C")
}
