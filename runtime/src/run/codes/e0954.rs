//! E0954: the run folder already holds a run.

use regimen_base::{Code, CodePage, Diagnostic};
use std::path::Path;

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0954"),
    title: "the run folder already holds a run",
    page: "\
There are checkpoints of an earlier run of this stage, and it was not said what should become of them. Starting over
would overwrite hours of work; going on could be meant just as well. So neither happens by itself.

**Fix.** Go on from the last checkpoint:

```
regimen run experiment.exp --resume
```

or start over; the old folder is then kept beside the new one under the next free number (`pretrain.1`):

```
regimen run experiment.exp --fresh
```
",
};

/// A run up to `step` lies in `folder`.
pub fn run_exists(folder: &Path, step: u64) -> Diagnostic {
    let title = format!("`{}` already holds a run, saved at step {step}", folder.display());
    Diagnostic::error(PAGE.code, title)
        .help("continue it with `--resume`, or start over with `--fresh`, which keeps the old folder beside the new one")
}
