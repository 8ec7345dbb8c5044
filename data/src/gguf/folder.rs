//! A folder that appears complete or not at all.

use crate::Fault;
use crate::codes::e0574;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A folder in the making: beside its target, under another name. Dropping it removes it.
#[derive(Debug)]
pub(super) struct Aside {
    target: PathBuf,
    _private: tempfile::TempDir,
    folder: PathBuf,
}

impl Aside {
    /// Begins a folder. The target may exist if it is empty.
    ///
    /// # Errors
    /// If it is there already, or nothing can be written beside it.
    pub(super) fn begin(target: &Path) -> Result<Aside, Fault> {
        let failed = |e: io::Error| Box::new(e0574::unwritable(target, &e));
        // A link to an empty folder is filled, not replaced.
        let real = target.canonicalize().unwrap_or_else(|_| target.to_path_buf());
        if !is_free(&real).map_err(failed)? {
            return Err(Box::new(e0574::exists(target)));
        }
        let parent = real.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let private = tempfile::Builder::new().prefix(".regimen-").tempdir_in(parent).map_err(failed)?;
        // The temporary folder is its owner's alone; the one inside is as the user's mask says.
        let folder = private.path().join("model");
        fs::create_dir(&folder).map_err(failed)?;
        Ok(Aside { target: real, _private: private, folder })
    }

    /// Where to write.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Gives the folder its name.
    ///
    /// # Errors
    /// If the target appeared in the meantime, or renaming fails.
    pub(super) fn finish(self) -> io::Result<()> {
        // Not every system renames over an empty folder; one that is not empty stays.
        if self.target.is_dir() {
            fs::remove_dir(&self.target)?;
        }
        fs::rename(&self.folder, &self.target)
    }
}

/// Whether nothing is there, or an empty folder.
fn is_free(target: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(target) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(e) => Err(e),
        Ok(metadata) if metadata.is_dir() => Ok(fs::read_dir(target)?.next().is_none()),
        Ok(_) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_if_it_is_not_finished() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("model");
        let aside = Aside::begin(&target).unwrap();
        fs::write(aside.folder().join("a"), "half").unwrap();
        drop(aside);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_empty_folder_is_filled_and_another_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("model");
        fs::create_dir(&target).unwrap();
        let aside = Aside::begin(&target).unwrap();
        fs::write(aside.folder().join("a"), "all").unwrap();
        aside.finish().unwrap();
        assert_eq!(fs::read_to_string(target.join("a")).unwrap(), "all");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        for taken in [target.clone(), target.join("a")] {
            assert_eq!(Aside::begin(&taken).unwrap_err().code.0, "E0574");
        }
        assert!(Aside::begin(&folder.path().join("no/model")).is_err());
    }
}
