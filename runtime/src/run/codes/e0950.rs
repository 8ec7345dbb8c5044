//! E0950: a checkpoint could not be written.

use regimen_base::{Code, CodePage, Diagnostic};
use std::io;
use std::path::Path;

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0950"),
    title: "a checkpoint could not be written",
    page: "\
The disk refused an operation while a checkpoint was written: it is full, the folder may not be written, or the
device failed. The run stops, because steps that cannot be saved would be lost later anyway.

Nothing that was there before is lost. A checkpoint is written under a temporary name, made durable, and only
then renamed; older checkpoints are removed only after that. What was half written has been removed.

**Fix.** Free space (or allow writing), then go on from the last checkpoint:

```
regimen run experiment.exp --resume
```

To need less space, keep fewer checkpoints: `checkpoint = { every = 500 steps, keep = 1 }`.
",
};

/// `doing` is what was attempted: "write weights.safetensors".
pub fn checkpoint_not_written(doing: &str, path: &Path, error: &io::Error) -> Diagnostic {
    let why = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "the disk is full".to_owned(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "the folder may not be written".to_owned()
        }
        _ => error.to_string(),
    };
    Diagnostic::error(PAGE.code, format!("cannot {doing} in `{}`: {why}", path.display()))
        .because("Earlier checkpoints are untouched.")
        .help("make room or allow writing there, then continue with `--resume`")
}
