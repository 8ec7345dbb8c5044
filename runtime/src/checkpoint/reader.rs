//! Opens, verifies and restores a checkpoint.

use super::digest::sum_of;
use super::manifest::Manifest;
use super::names;
use super::weights::{load_state, load_weights};
use crate::run::codes;
use crate::run::engine::Residents;
use regimen_base::Diagnostic;
use regimen_base::plan::{Plan, Stage};
use std::path::{Path, PathBuf};

/// A checkpoint whose files have been verified, or only its manifest ([`Checkpoint::glance`]).
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Its folder.
    pub folder: PathBuf,
    /// Where the run stood.
    pub manifest: Manifest,
}

impl Checkpoint {
    /// Opens a checkpoint and compares every file with its checksum.
    ///
    /// # Errors
    /// Says in one sentence what is damaged.
    pub fn verify(folder: &Path) -> Result<Checkpoint, String> {
        let path = folder.join(names::MANIFEST);
        let text = std::fs::read_to_string(path).map_err(|e| format!("manifest.json cannot be read: {e}"))?;
        let manifest = Manifest::from_json(&text)?;
        for required in [names::WEIGHTS, names::OPTIMIZER, names::TOKENIZER, names::PLAN] {
            if !manifest.files.contains_key(required) {
                return Err(format!("manifest.json does not list {required}"));
            }
        }
        for (name, expected) in &manifest.files {
            let found = sum_of(&folder.join(name)).map_err(|e| format!("{name} cannot be read: {e}"))?;
            if found.bytes != expected.bytes {
                return Err(format!("{name} has {} bytes instead of {}", found.bytes, expected.bytes));
            }
            if found != *expected {
                return Err(format!("{name} does not have the checksum that was noted"));
            }
        }
        Ok(Checkpoint { folder: folder.to_owned(), manifest })
    }

    /// Opens the checkpoint that a file `last` or `best` names and reads its manifest, but no other file: enough to tell
    /// which checkpoint it is. None if there is none whose manifest is intact.
    pub fn glance(pointer: &Path) -> Option<Checkpoint> {
        let folder = follow(pointer)?;
        let text = std::fs::read_to_string(folder.join(names::MANIFEST)).ok()?;
        Some(Checkpoint { manifest: Manifest::from_json(&text).ok()?, folder })
    }

    /// Opens the checkpoint that a path names ([`locate`]) and verifies it.
    ///
    /// # Errors
    /// If there is none or it is damaged.
    pub fn open(path: &Path) -> Result<Checkpoint, Diagnostic> {
        let folder = locate(path)?;
        Checkpoint::verify(&folder).map_err(|damage| codes::checkpoint_damaged(&folder, &damage))
    }

    /// Brings weights and optimizer state back exactly as they were.
    ///
    /// # Errors
    /// If a file cannot be read or the stage has other tensors.
    pub fn restore(&self, stage: &Stage, residents: &mut dyn Residents) -> Result<(), Diagnostic> {
        let weights = self.folder.join(names::WEIGHTS);
        load_weights(stage, residents, &weights, &[], &|damage| self.damaged(damage))?;
        load_state(stage, residents, &self.folder.join(names::OPTIMIZER), &|damage| self.damaged(damage))
    }

    /// Loads the weights only, converting their type where the stage holds them in another one. A head that is new stays as it began.
    ///
    /// # Errors
    /// If the file cannot be read or the stage has other weights.
    pub fn restore_weights(&self, stage: &Stage, residents: &mut dyn Residents) -> Result<(), Diagnostic> {
        let weights = self.folder.join(names::WEIGHTS);
        load_weights(stage, residents, &weights, &stage.model.fresh, &|damage| self.damaged(damage))
    }

    /// Text of `tokenizer.json`.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn tokenizer(&self) -> Result<String, Diagnostic> {
        self.text(names::TOKENIZER)
    }

    /// The plan that wrote it.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn plan(&self) -> Result<Plan, Diagnostic> {
        Plan::from_json(&self.text(names::PLAN)?).map_err(|what| self.damaged(what))
    }

    fn text(&self, name: &str) -> Result<String, Diagnostic> {
        let text = std::fs::read_to_string(self.folder.join(name));
        text.map_err(|e| self.damaged(format!("{name} cannot be read: {e}")))
    }

    fn damaged(&self, damage: String) -> Diagnostic {
        codes::checkpoint_damaged(&self.folder, &damage)
    }
}

/// The checkpoint folder that a path names: the folder itself; `last` or `best` beside it or in the folder of a run; or the folder
/// of checkpoints or of a run, which stand for their last checkpoint.
///
/// # Errors
/// If there is no checkpoint.
pub fn locate(path: &Path) -> Result<PathBuf, Diagnostic> {
    if path.join(names::MANIFEST).is_file() {
        return Ok(path.to_owned());
    }
    let mut pointers = vec![path.to_owned(), path.join("last"), path.join("checkpoints").join("last")];
    if let (Some(run), Some(name)) = (path.parent(), path.file_name()) {
        pointers.push(run.join("checkpoints").join(name));
    }
    if let Some(folder) = pointers.iter().find_map(|pointer| follow(pointer)) {
        return Ok(folder);
    }
    Err(codes::no_usable_checkpoint(path, "there is no manifest.json and no file `last` that names one"))
}

/// The folder named by a file `last` or `best`.
pub(super) fn follow(pointer: &Path) -> Option<PathBuf> {
    let name = std::fs::read_to_string(pointer).ok()?;
    let name = name.trim();
    // Only a plain name: the file must not lead out of the folder.
    let plain = !name.is_empty() && !name.contains(['/', '\\']) && name != "..";
    let folder = pointer.parent()?.join(name);
    (plain && folder.join(names::MANIFEST).is_file()).then_some(folder)
}
