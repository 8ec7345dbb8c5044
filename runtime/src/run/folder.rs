//! The folder of a run: the only place that a run writes to.
//!
//! ```text
//! runs/<experiment>/<stage>/
//!   lock  saved  plan.json  metrics.jsonl  events.out.tfevents.…  result.json  checkpoints/
//! ```

use super::{check, codes};
use crate::checkpoint::Store;
use crate::checkpoint::disk::{RealDisk, replace};
use crate::metrics::METRICS;
use regimen_base::Diagnostic;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// What should become of a run that is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// There must not be one with a checkpoint.
    New,
    /// Go on from its last good checkpoint; begin if none was ever written.
    Resume,
    /// Keep it beside under the next free number and begin.
    Replace,
}

/// A run folder that this process alone may write to.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Holds the lock as long as it is open.
    _lock: File,
}

impl RunFolder {
    /// Where the run of a stage lives.
    ///
    /// # Errors
    /// If a name cannot be a folder's name.
    pub fn path_of(root: &Path, experiment: &str, stage: &str) -> Result<PathBuf, Diagnostic> {
        if let Some(bad) = [experiment, stage].into_iter().find(|name| !check::is_plain(name)) {
            return Err(codes::plan_not_runnable(stage, format!("`{bad}` cannot be a folder's name")));
        }
        Ok(root.join("runs").join(experiment).join(stage))
    }

    /// Opens the folder and takes its lock.
    ///
    /// # Errors
    /// If another process holds the lock, if a run is there and `start` is [`Start::New`], if all checkpoints of the run are
    /// gone and `start` is not [`Start::Replace`], or if the folder cannot be written.
    pub fn open(path: &Path, start: Start) -> Result<RunFolder, Diagnostic> {
        let lock = locked(path)?;
        let lock = match (start, Earlier::of(path)?) {
            (Start::New, Earlier::Saved(step)) => return Err(codes::run_exists(path, step)),
            (Start::New | Start::Resume, Earlier::Lost(why)) => {
                return Err(codes::checkpoints_lost(path, why));
            }
            // Whoever goes on begins again: nothing was saved. Its metrics are kept all the same.
            (Start::Replace, Earlier::Saved(_) | Earlier::Lost(_)) | (_, Earlier::Unsaved) => {
                set_aside(path)?;
                // The lock went with the old folder; the new one gets its own.
                let new = locked(path)?;
                drop(lock);
                new
            }
            (_, Earlier::None) | (Start::Resume, Earlier::Saved(_)) => lock,
        };
        Ok(RunFolder { path: path.to_owned(), _lock: lock })
    }

    /// Notes that a checkpoint is durable: if none is there later, it was lost.
    ///
    /// # Errors
    /// If the note cannot be written.
    pub fn note_saved(&self) -> Result<(), Diagnostic> {
        if self.path.join(SAVED).exists() { Ok(()) } else { self.write(SAVED, "") }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of its checkpoints.
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// Replaces a small file such that at any instant either the old or the new content is there.
    ///
    /// # Errors
    /// If it cannot be written; the old content is then untouched.
    pub fn write(&self, name: &str, content: &str) -> Result<(), Diagnostic> {
        let path = self.path.join(name);
        replace(&RealDisk, &path, content.as_bytes())
            .map_err(|e| codes::run_folder_failed("write", &path, &e))
    }
}

/// Lies in the folder of a run that has written a checkpoint.
const SAVED: &str = "saved";

/// What an earlier process left in a folder.
enum Earlier {
    None,
    /// Metrics of a run that ended before its first checkpoint.
    Unsaved,
    /// Checkpoints, the newest of this step.
    Saved(u64),
    /// Traces of checkpoints that are gone.
    Lost(&'static str),
}

impl Earlier {
    fn of(path: &Path) -> Result<Earlier, Diagnostic> {
        let checkpoints = path.join("checkpoints");
        let metrics = fs::metadata(path.join(METRICS)).is_ok_and(|m| m.len() > 0);
        if metrics && !checkpoints.is_dir() {
            return Ok(Earlier::Lost("those that it wrote were removed"));
        }
        let store = Store::open(&checkpoints)?;
        if let Some(step) = store.steps().last() {
            return Ok(Earlier::Saved(*step));
        }
        Ok(if store.has_damaged() {
            Earlier::Lost("those that it wrote are damaged")
        } else if path.join(SAVED).exists() || path.join("result.json").exists() {
            Earlier::Lost("those that it wrote were removed")
        } else if metrics {
            Earlier::Unsaved
        } else {
            Earlier::None
        })
    }
}

fn locked(path: &Path) -> Result<File, Diagnostic> {
    let file = path.join("lock");
    let failed = |e: std::io::Error| codes::run_folder_failed("open", &file, &e);
    fs::create_dir_all(path).map_err(|e| codes::run_folder_failed("create", path, &e))?;
    let mut lock =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&file).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Only to be helpful; some systems do not let a locked file be read.
            let _ = lock.read_to_string(&mut holder);
            return Err(codes::folder_in_use(path, holder.trim()));
        }
        Err(TryLockError::Error(e)) => return Err(failed(e)),
    }
    let written = lock
        .set_len(0)
        .and_then(|()| lock.rewind())
        .and_then(|()| lock.write_all(format!("{}\n", std::process::id()).as_bytes()));
    written.map_err(failed)?;
    Ok(lock)
}

fn set_aside(path: &Path) -> Result<(), Diagnostic> {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("run");
    let free = (1..).map(|n: u32| path.with_file_name(format!("{name}.{n}"))).find(|p| !p.exists());
    let aside = free.unwrap_or_else(|| path.with_extension("old"));
    fs::rename(path, &aside).map_err(|e| codes::run_folder_failed("set aside", path, &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_refused_until_the_first_ends() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("runs/e/s");
        let first = RunFolder::open(&path, Start::New).unwrap();
        let refused = RunFolder::open(&path, Start::Resume).unwrap_err();
        assert_eq!(refused.code.0, "E0953");
        drop(first);
        assert!(RunFolder::open(&path, Start::Resume).is_ok());
    }

    #[test]
    fn an_earlier_run_is_neither_overwritten_nor_lost() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("e/s");
        fs::create_dir_all(path.join("checkpoints/step-00000005")).unwrap();
        let refused = RunFolder::open(&path, Start::New).unwrap_err();
        assert_eq!(refused.code.0, "E0954");
        assert!(refused.title.contains("step 5"));
        let replaced = RunFolder::open(&path, Start::Replace).unwrap();
        assert!(root.path().join("e/s.1/checkpoints/step-00000005").is_dir());
        assert!(!replaced.checkpoints().join("step-00000005").exists());
        assert_eq!(RunFolder::open(&path, Start::Resume).unwrap_err().code.0, "E0953");
    }

    #[test]
    fn a_run_whose_checkpoints_are_gone_is_begun_again_only_when_asked() {
        for trace in ["x", "saved", "result.json", "checkpoints/damaged-step-00000005/x"] {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join("e/s");
            fs::create_dir_all(path.join(trace).parent().unwrap()).unwrap();
            fs::write(path.join(trace), "").unwrap();
            fs::write(path.join(METRICS), "{}\n").unwrap();
            for start in [Start::New, Start::Resume, Start::New] {
                let refused = RunFolder::open(&path, start).unwrap_err();
                assert_eq!(refused.code.0, "E0952", "{trace}");
                assert!(refused.help.unwrap().contains("--fresh"));
            }
            RunFolder::open(&path, Start::Replace).unwrap();
            assert!(root.path().join("e/s.1").join(METRICS).is_file());
        }
    }

    #[test]
    fn metrics_of_a_run_that_never_saved_are_kept() {
        for (number, start) in [Start::New, Start::Resume, Start::Replace].into_iter().enumerate() {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join("e/s");
            fs::create_dir_all(path.join("checkpoints")).unwrap();
            fs::write(path.join(METRICS), "{}\n").unwrap();
            let folder = RunFolder::open(&path, start).unwrap();
            assert!(root.path().join("e/s.1").join(METRICS).is_file(), "{number}");
            assert!(!folder.path().join(METRICS).exists());
        }
    }

    #[test]
    fn names_cannot_lead_out_of_the_runs() {
        let root = Path::new("root");
        assert!(RunFolder::path_of(root, "..", "s").is_err());
        assert!(RunFolder::path_of(root, "e", "a/b").is_err());
        assert_eq!(RunFolder::path_of(root, "e", "s").unwrap(), Path::new("root/runs/e/s"));
    }
}
