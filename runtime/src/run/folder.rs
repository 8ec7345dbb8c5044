//! The folder of a run: the only place that a run writes to.
//!
//! ```text
//! runs/<experiment>/<stage>/
//!   lock  plan.json  metrics.jsonl  events.out.tfevents.…  result.json  checkpoints/
//! ```

use super::{check, codes};
use crate::checkpoint::Store;
use crate::checkpoint::disk::{RealDisk, replace};
use regimen_base::Diagnostic;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// What should become of a run that is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// There must not be one with a checkpoint.
    New,
    /// Go on from its last good checkpoint; begin if there is none.
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
    /// If another process holds the lock, if a run is there and `start` is [`Start::New`], or if the folder
    /// cannot be written.
    pub fn open(path: &Path, start: Start) -> Result<RunFolder, Diagnostic> {
        let lock = locked(path)?;
        let last = Store::open(&path.join("checkpoints"))?.steps().last().copied();
        let lock = match (start, last) {
            (Start::New, Some(step)) => return Err(codes::run_exists(path, step)),
            (Start::Replace, Some(_)) => {
                set_aside(path)?;
                // The lock went with the old folder; the new one gets its own.
                let new = locked(path)?;
                drop(lock);
                new
            }
            _ => lock,
        };
        Ok(RunFolder { path: path.to_owned(), _lock: lock })
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
    fn names_cannot_lead_out_of_the_runs() {
        let root = Path::new("root");
        assert!(RunFolder::path_of(root, "..", "s").is_err());
        assert!(RunFolder::path_of(root, "e", "a/b").is_err());
        assert_eq!(RunFolder::path_of(root, "e", "s").unwrap(), Path::new("root/runs/e/s"));
    }
}
