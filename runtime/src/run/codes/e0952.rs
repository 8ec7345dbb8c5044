//! E0952: there is no usable checkpoint.

use regimen_base::{Code, CodePage, Diagnostic};
use std::path::Path;

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0952"),
    title: "there is no usable checkpoint",
    page: "\
A checkpoint is needed, to load weights from an earlier stage or to generate text, but the folder holds none, or
every one in it is damaged (each is named by a message before this one).

A checkpoint is a folder `step-…` with `manifest.json` and `weights.safetensors`. It lies in the run's folder:
`runs/<experiment>/<stage>/checkpoints/`. The files `last` and `best` beside them name two of them.

A stage that was begun and has no usable checkpoint left is never begun again by itself: that would take the place of its
metrics and of what may still be rescued by hand.

**Fix.** If it is the stage itself, begin again; the old folder is kept beside the new one (`pretrain.1`):

```
regimen run experiment.exp --stage pretrain --fresh
```

Otherwise run the stage that produces it first, or name a checkpoint folder that exists:

```
regimen run experiment.exp --stage pretrain
regimen generate runs/gpt/pretrain/checkpoints/best --prompt \"Once\"
```
",
};

/// Nothing usable under `path`.
pub fn no_usable_checkpoint(path: &Path, why: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("no usable checkpoint in `{}`: {why}", path.display()))
        .help("run the stage that writes it, or name another checkpoint folder")
}

/// A run was begun in `folder` and saved, and none of its checkpoints is left.
pub fn checkpoints_lost(folder: &Path, why: &str) -> Diagnostic {
    Diagnostic::error(
        PAGE.code,
        format!("the run in `{}` has no usable checkpoint left: {why}", folder.display()),
    )
    .because("Beginning again by itself would take the place of its metrics.")
    .help("begin again with `--fresh`, which keeps the old folder beside the new one")
}
