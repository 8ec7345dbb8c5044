//! The few file operations that a checkpoint is made of.
//!
//! They stand behind a trait so that tests can let each of them fail, one after the other, and look at
//! what a crash at that moment would leave behind.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// A file being written that can be made durable.
pub trait DurableFile: Write {
    /// Returns once all bytes are on the device.
    ///
    /// # Errors
    /// If the device does not confirm.
    fn sync(&mut self) -> io::Result<()>;
}

/// Operations that change a folder.
pub trait Disk: std::fmt::Debug + Send + Sync {
    /// Creates a file or empties an existing one.
    ///
    /// # Errors
    /// As [`File::create`].
    fn create(&self, path: &Path) -> io::Result<Box<dyn DurableFile>>;

    /// Creates a folder and those above it.
    ///
    /// # Errors
    /// As [`fs::create_dir_all`].
    fn make_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes the entries of a folder durable.
    ///
    /// # Errors
    /// If the device does not confirm.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;

    /// Renames a file or folder.
    ///
    /// # Errors
    /// As [`fs::rename`].
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a folder with everything in it.
    ///
    /// # Errors
    /// As [`fs::remove_dir_all`].
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
}

/// The operating system's files.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DurableFile>> {
        Ok(Box::new(File::create(path)?))
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        // Only Unix lets a folder be opened and synced; elsewhere a rename is durable with its journal.
        if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }
}

impl DurableFile for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

/// Replaces a small file such that at any instant either the old or the new content is there.
///
/// # Errors
/// The first operation that fails; the old content is then untouched.
pub fn replace(disk: &dyn Disk, path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("file");
    let aside = folder.join(format!("{TEMPORARY}{name}"));
    let mut file = disk.create(&aside)?;
    file.write_all(content)?;
    file.sync()?;
    drop(file);
    disk.rename(&aside, path)?;
    disk.sync_folder(folder)
}

/// How names of things that are not finished begin.
pub const TEMPORARY: &str = ".tmp-";
