//! All checkpoints of one run.

use super::disk::{Disk, RealDisk, TEMPORARY, replace};
use super::manifest::Manifest;
use super::names;
use super::reader::{Checkpoint, follow};
use super::write::{Snapshot, write_folder};
use crate::run::codes;
use regimen_base::Diagnostic;
use std::path::{Path, PathBuf};

const PREFIX: &str = "step-";
const DAMAGED: &str = "damaged-";
const LAST: &str = "last";
const BEST: &str = "best";

/// The folder `checkpoints/` of a run. Only the process that holds the run's lock may write to it.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    disk: Box<dyn Disk>,
}

/// What became of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The checkpoint's folder.
    pub folder: PathBuf,
    /// Bytes of its files, the manifest aside.
    pub bytes: u64,
    /// Whether its tensors were written now; otherwise they were there, and its manifest was replaced.
    pub written: bool,
}

impl Store {
    /// Opens the folder, creates it if need be, and removes what interrupted writes left in it.
    ///
    /// # Errors
    /// If the folder cannot be created.
    pub fn open(folder: &Path) -> Result<Store, Diagnostic> {
        Store::on(Box::new(RealDisk), folder)
    }

    /// The same on another disk.
    ///
    /// # Errors
    /// If the folder cannot be created.
    pub fn on(disk: Box<dyn Disk>, folder: &Path) -> Result<Store, Diagnostic> {
        let store = Store { folder: folder.to_owned(), disk };
        if !folder.is_dir() {
            let made = store.disk.make_folder(folder);
            made.map_err(|e| codes::checkpoint_not_written("create the folder", folder, &e))?;
        }
        for name in store.entries() {
            if name.starts_with(TEMPORARY) && folder.join(&name).is_dir() {
                // Harmless if it stays: nobody reads these names, and the next write replaces it.
                let _ = store.disk.remove_folder(&folder.join(&name));
            }
        }
        Ok(store)
    }

    /// Steps of all checkpoints that are there, complete or not, ascending.
    pub fn steps(&self) -> Vec<u64> {
        let mut steps: Vec<u64> = self
            .entries()
            .iter()
            .filter_map(|name| name.strip_prefix(PREFIX)?.parse().ok())
            .filter(|&step| self.path(step).is_dir())
            .collect();
        steps.sort_unstable();
        steps.dedup();
        steps
    }

    /// Whether damaged checkpoints were set aside.
    pub fn has_damaged(&self) -> bool {
        self.entries().iter().any(|name| name.starts_with(DAMAGED))
    }

    /// Writes a checkpoint, moves `last` (and `best`, if it is the best) to it, and then removes all but
    /// the newest `keep`, the last and the best.
    ///
    /// If a good checkpoint of this very step is there, only its manifest is replaced: its tensors are
    /// the same.
    ///
    /// # Errors
    /// If anything cannot be written; all earlier checkpoints are then untouched.
    pub fn save(&self, snapshot: &Snapshot, keep: u64) -> Result<Saved, Diagnostic> {
        let step = snapshot.manifest.step;
        let amended = self.amend(snapshot.manifest)?;
        let written = amended.is_none();
        let manifest = match amended {
            Some(manifest) => manifest,
            None => write_folder(self.disk.as_ref(), &self.folder, &folder_name(step), snapshot)?,
        };
        self.point(&manifest)?;
        self.prune(keep, &manifest);
        let bytes = manifest.files.values().map(|f| f.bytes).sum();
        Ok(Saved { folder: self.path(step), bytes, written })
    }

    /// The newest checkpoint whose files are all intact. Damaged ones that are newer are set aside and
    /// named in the warnings; `last` and `best` are put right.
    ///
    /// # Errors
    /// If `last` or `best` have to be rewritten and cannot be.
    pub fn newest_good(&self) -> Result<(Option<Checkpoint>, Vec<Diagnostic>), Diagnostic> {
        let mut warnings = vec![];
        for step in self.steps().into_iter().rev() {
            match Checkpoint::verify(&self.path(step)) {
                Ok(checkpoint) => {
                    self.point(&checkpoint.manifest)?;
                    return Ok((Some(checkpoint), warnings));
                }
                Err(damage) => {
                    warnings.push(codes::checkpoint_skipped(&self.path(step), &damage));
                    self.set_aside(step);
                }
            }
        }
        Ok((None, warnings))
    }

    /// The checkpoint that `best` or `last` names.
    ///
    /// # Errors
    /// If there is none or it is damaged.
    pub fn named(folder: &Path, which: &str) -> Result<Checkpoint, Diagnostic> {
        let path = follow(&folder.join(which))
            .ok_or_else(|| codes::no_usable_checkpoint(folder, &format!("there is no `{which}`")))?;
        Checkpoint::verify(&path).map_err(|damage| codes::checkpoint_damaged(&path, &damage))
    }

    fn amend(&self, manifest: &Manifest) -> Result<Option<Manifest>, Diagnostic> {
        let folder = self.path(manifest.step);
        if !folder.exists() {
            return Ok(None);
        }
        let same = Checkpoint::verify(&folder).ok().filter(|c| c.manifest.numerics == manifest.numerics);
        let Some(existing) = same else {
            self.set_aside(manifest.step);
            return Ok(None);
        };
        // The plan in the folder may differ in policy; its hash stays with it.
        let (plan, files) = (existing.manifest.plan, existing.manifest.files);
        let amended = Manifest { plan, files, ..manifest.clone() };
        let text = amended.to_json().map_err(std::io::Error::other);
        let written =
            text.and_then(|t| replace(self.disk.as_ref(), &folder.join(names::MANIFEST), t.as_bytes()));
        written.map_err(|e| codes::checkpoint_not_written("write manifest.json", &folder, &e))?;
        Ok(Some(amended))
    }

    /// Makes `last` and `best` name what the manifest says.
    fn point(&self, manifest: &Manifest) -> Result<(), Diagnostic> {
        if let Some(best) = &manifest.best
            && self.path(best.step).is_dir()
        {
            self.write_pointer(BEST, best.step)?;
        }
        self.write_pointer(LAST, manifest.step)
    }

    fn write_pointer(&self, pointer: &str, step: u64) -> Result<(), Diagnostic> {
        let path = self.folder.join(pointer);
        let content = format!("{}\n", folder_name(step));
        if std::fs::read_to_string(&path).is_ok_and(|old| old == content) {
            return Ok(());
        }
        replace(self.disk.as_ref(), &path, content.as_bytes())
            .map_err(|e| codes::checkpoint_not_written(&format!("write `{pointer}`"), &self.folder, &e))
    }

    /// Removes old checkpoints. One that cannot be removed only takes space, so that is no error.
    fn prune(&self, keep: u64, newest: &Manifest) {
        let best = newest.best.as_ref().map(|b| b.step);
        let older = self.steps().into_iter().rev().skip(keep.max(1) as usize);
        for step in older.filter(|&s| s != newest.step && Some(s) != best) {
            // Renamed first: an interrupted removal must not leave half a checkpoint under a good name.
            let aside = self.folder.join(format!("{TEMPORARY}{}", folder_name(step)));
            if self.disk.rename(&self.path(step), &aside).is_ok() {
                let _ = self.disk.remove_folder(&aside);
            }
        }
    }

    fn set_aside(&self, step: u64) {
        let free = (0..).map(|n| match n {
            0 => self.folder.join(format!("{DAMAGED}{}", folder_name(step))),
            n => self.folder.join(format!("{DAMAGED}{}.{n}", folder_name(step))),
        });
        if let Some(aside) = free.take(1000).find(|p| !p.exists()) {
            // If even that fails, a later write of the same step reports it.
            let _ = self.disk.rename(&self.path(step), &aside);
        }
    }

    fn path(&self, step: u64) -> PathBuf {
        self.folder.join(folder_name(step))
    }

    fn entries(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries.filter_map(|e| e.file_name().into_string().ok()).collect()
    }
}

fn folder_name(step: u64) -> String {
    format!("{PREFIX}{step:08}")
}
