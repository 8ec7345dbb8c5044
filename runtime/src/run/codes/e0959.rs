//! E0959: the run folder could not be read or written.

use regimen_base::{Code, CodePage, Diagnostic};
use std::io;
use std::path::Path;

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0959"),
    title: "the run folder could not be read or written",
    page: "\
Plan, lock, metrics or event files in the run folder could not be read or written: the disk is full, a permission is
missing, or the path is not a folder. Checkpoints are not affected; the last one is good.

The run folder is `runs/<experiment>/<stage>/`. A run writes nowhere else.

**Fix.** Make room or set the permissions, then go on:

```
regimen run experiment.exp --resume
```
",
};

/// `doing` completes "cannot … `path`".
pub fn run_folder_failed(doing: &str, path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("cannot {doing} `{}`: {error}", path.display()))
        .help("make room or set the permissions, then continue with `--resume`")
}
