//! E0962: the metrics file is shorter than the checkpoint says.

use regimen_base::{Code, CodePage, Diagnostic};
use std::path::Path;

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0962"),
    title: "the metrics file lacks lines of earlier steps",
    page: "\
A checkpoint notes how many lines `metrics.jsonl` had when it was written, and the lines were made durable before it. When the
run is resumed, the file is cut back to that number, so that every step appears in it exactly once. Here the file had fewer
whole lines, so somebody shortened, removed or edited it.

This is a warning: the training goes on with the same numbers. Only the record of those earlier steps is incomplete.

**Fix.** If there is a copy of the file, stop the run, put the copy back, and resume.
",
};

/// How many lines there should be and how many there are.
pub fn metrics_short(path: &Path, expected: u64, found: u64) -> Diagnostic {
    let title = format!("`{}` has {found} whole lines where the checkpoint noted {expected}", path.display());
    Diagnostic::warning(PAGE.code, title)
        .because("The numbers of the training are not affected; the record of earlier steps is incomplete.")
        .help("restore the file from a copy before resuming if you need the record")
}
