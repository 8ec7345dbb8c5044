//! E0959: the run folder could not be read or written.

use regimen_base::{Code, CodePage, Diagnostic};
use std::io;
use std::path::Path;

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0959"),
    title: "the run folder could not be read or written",
    page: "\
Plan, lock, metrics or event files in the run folder could not be read or written: the disk is full, a permission is
missing, or a file lies where a folder should be. Checkpoints are not affected; the last one is good.

The run folder is `runs/<experiment>/<stage>/`. A run writes nowhere else.

**Fix.** Make room or set the permissions, then go on:

```
regimen run experiment.exp --resume
```
",
};

/// `doing` completes "cannot … `path`".
pub fn run_folder_failed(doing: &str, path: &Path, error: &io::Error) -> Diagnostic {
    let help = match error.kind() {
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "a file lies where a folder of the run should be: move it away, then start again"
        }
        io::ErrorKind::InvalidFilename => {
            "give experiment and stage shorter names: folders of runs bear them"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "make room, then continue with `--resume`"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "set the permissions, then continue with `--resume`"
        }
        _ => "make room or set the permissions, then continue with `--resume`",
    };
    Diagnostic::error(PAGE.code, format!("cannot {doing} `{}`: {error}", path.display())).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_fits_the_reason() {
        let help = |kind: io::ErrorKind| run_folder_failed("create", Path::new("runs/a"), &kind.into()).help;
        assert!(help(io::ErrorKind::NotADirectory).is_some_and(|help| help.contains("move it away")));
        assert!(help(io::ErrorKind::StorageFull).is_some_and(|help| help.contains("make room")));
    }
}
