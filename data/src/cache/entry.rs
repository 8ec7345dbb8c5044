//! Folders of the cache that appear whole or not at all.

use super::hash_file;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

const MANIFEST: &str = "manifest.json";

/// What a manifest says about one file of its folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FileRecord {
    name: String,
    bytes: u64,
    sha256: String,
}

/// A manifest: the files, and what the entry's owner wants to know without opening them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest<T> {
    format: u32,
    files: Vec<FileRecord>,
    about: T,
}

/// One folder of the cache, whether it exists or not.
#[derive(Clone, Debug)]
pub struct Entry {
    folder: PathBuf,
}

/// What is at the place of an entry.
#[derive(Debug)]
pub enum Found<T> {
    /// The entry, as it was written as far as names and lengths tell.
    Whole(T),
    /// Nothing.
    Nothing,
    /// Something else than what was written, and what differs.
    Damaged(String),
}

impl Entry {
    /// The entry of a kind (`tokens`, `tokenizers`) with this key.
    pub fn new(cache: &Path, kind: &str, key: &str) -> Entry {
        Entry { folder: cache.join(kind).join(key) }
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Reads the manifest and compares the lengths of all files: fast, no content is read.
    pub fn look<T: DeserializeOwned>(&self) -> Found<T> {
        let text = match fs::read_to_string(self.file(MANIFEST)) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound && !self.folder.exists() => return Found::Nothing,
            Err(e) => return Found::Damaged(format!("{MANIFEST} cannot be read ({e})")),
        };
        let manifest: Manifest<T> = match serde_json::from_str(&text) {
            Ok(manifest) => manifest,
            Err(e) => return Found::Damaged(format!("{MANIFEST} is not a manifest ({e})")),
        };
        for record in &manifest.files {
            match fs::metadata(self.file(&record.name)) {
                Ok(m) if m.len() == record.bytes => {}
                Ok(m) => {
                    let (name, has, had) = (&record.name, m.len(), record.bytes);
                    return Found::Damaged(format!("{name} has {has} bytes, written were {had}"));
                }
                Err(e) => return Found::Damaged(format!("{} cannot be read ({e})", record.name)),
            }
        }
        Found::Whole(manifest.about)
    }

    /// Compares the checksums of all files with the manifest: reads everything. Says what differs.
    pub fn verify(&self) -> Result<(), String> {
        let text = fs::read_to_string(self.file(MANIFEST)).map_err(|e| format!("{MANIFEST}: {e}"))?;
        let manifest: Manifest<serde::de::IgnoredAny> =
            serde_json::from_str(&text).map_err(|e| format!("{MANIFEST}: {e}"))?;
        for record in &manifest.files {
            let hash =
                hash_file(&self.file(&record.name), |_| {}).map_err(|e| format!("{}: {e}", record.name))?;
            if hash != record.sha256 {
                return Err(format!("the checksum of {} is not the one that was written", record.name));
            }
        }
        Ok(())
    }

    /// Takes the entry for writing: other processes that want it wait until the result is dropped.
    ///
    /// On file systems without locks this does nothing; two processes may then do the same work, and the
    /// first result stays.
    pub fn lock(&self) -> io::Result<Lock> {
        if let Some(parent) = self.folder.parent() {
            fs::create_dir_all(parent)?;
        }
        let file = File::create(self.folder.with_extension("lock"))?;
        let locked = file.lock().is_ok();
        Ok(Lock { file, locked })
    }

    /// Whether no process holds the lock. On file systems without locks nobody knows, and the answer is no.
    pub fn is_free(&self) -> bool {
        match File::open(self.folder.with_extension("lock")) {
            Ok(file) => file.try_lock().is_ok(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    /// Writes the entry: `fill` makes the files in an empty folder, which then takes the entry's place.
    /// What stood there before, and what an interrupted process left behind, is removed.
    ///
    /// # Errors
    /// What `fill` or the file system says; nothing is left of the attempt.
    pub fn write<T: Serialize, E: From<io::Error>>(
        &self,
        _lock: &Lock,
        fill: impl FnOnce(&Path) -> Result<T, E>,
    ) -> Result<(), E> {
        self.remove_leftovers(_lock);
        let aside = Aside(unique(&self.folder));
        fs::create_dir_all(&aside.0)?;
        let about = fill(&aside.0)?;
        write_manifest(&aside.0, about)?;
        self.replace_by(&aside.0)?;
        Ok(())
    }

    /// Renames a complete folder to the entry's place.
    fn replace_by(&self, aside: &Path) -> io::Result<()> {
        if self.folder.exists() {
            let old = Aside(unique(&self.folder));
            fs::rename(&self.folder, &old.0)?;
        }
        fs::rename(aside, &self.folder)?;
        sync_folder(self.folder.parent());
        Ok(())
    }

    /// Folders that a killed process left half-written. Whoever holds the lock is the only one writing.
    fn remove_leftovers(&self, lock: &Lock) {
        let (Some(parent), Some(name)) = (self.folder.parent(), self.folder.file_name()) else { return };
        if !lock.locked {
            return;
        }
        let prefix = format!("{}.aside-", name.to_string_lossy());
        for item in fs::read_dir(parent).into_iter().flatten().flatten() {
            if item.file_name().to_string_lossy().starts_with(&prefix) {
                let _ = fs::remove_dir_all(item.path());
            }
        }
    }
}

/// Holds an entry for one process.
#[derive(Debug)]
pub struct Lock {
    file: File,
    locked: bool,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file unlocks it, too; the empty file stays, since removing it would let a third
        // process lock a new file while a second waits for this one.
        let _ = self.file.unlock();
    }
}

/// A folder that is removed unless it was renamed away.
struct Aside(PathBuf);

impl Drop for Aside {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Writes a file so that its place holds either the old or the new content, whatever happens.
pub fn write_file(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let aside = unique(path);
    let written = write_synced(&aside, content).and_then(|()| fs::rename(&aside, path));
    if written.is_err() {
        let _ = fs::remove_file(&aside);
    }
    written
}

fn write_synced(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes the manifest of everything in the folder and syncs all of it to the disk.
fn write_manifest<T: Serialize>(folder: &Path, about: T) -> io::Result<()> {
    let mut files = Vec::new();
    for item in fs::read_dir(folder)? {
        let item = item?;
        let name = item.file_name().to_string_lossy().into_owned();
        // Windows syncs only files that may be written.
        File::options().write(true).open(item.path())?.sync_all()?;
        files.push(FileRecord {
            name,
            bytes: item.metadata()?.len(),
            sha256: hash_file(&item.path(), |_| {})?,
        });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let manifest = Manifest { format: super::FORMAT, files, about };
    let text = serde_json::to_string_pretty(&manifest)?;
    write_synced(&folder.join(MANIFEST), text.as_bytes())?;
    sync_folder(Some(folder));
    Ok(())
}

/// Makes names and renames durable, where the system can do that for folders.
fn sync_folder(folder: Option<&Path>) {
    if let Some(Ok(folder)) = folder.map(File::open) {
        let _ = folder.sync_all();
    }
}

/// A name beside `path` that no other process or thread uses.
fn unique(path: &Path) -> PathBuf {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!("{name}.aside-{}-{now:x}-{count}", std::process::id()))
}
