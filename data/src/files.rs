//! Finding the files of a dataset: patterns relative to a root folder, nothing outside it, the same order
//! everywhere.

use crate::codes::{counted, e0550, e0551, e0552, e0556, e0567};
use crate::{Fault, Outcome, pattern};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Where an experiment lives, and where its cache is.
#[derive(Clone, Debug)]
pub struct Place {
    /// The experiment's folder: patterns are relative to it.
    pub root: PathBuf,
    /// The cache folder; made if it does not exist.
    pub cache: PathBuf,
    /// Whether the user allows files outside the root.
    pub outside: bool,
}

impl Place {
    /// The usual place: the cache is `.regimen/cache` under the root, and nothing outside is read.
    pub fn new(root: impl Into<PathBuf>) -> Place {
        let root = root.into();
        let cache = root.join(".regimen").join("cache");
        Place { root, cache, outside: false }
    }
}

/// One file of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// Path relative to the root with `/` between folders, as diagnostics show it.
    pub name: String,
    /// The path to open.
    pub path: PathBuf,
    /// What the file looked like when it was found.
    pub stamp: Stamp,
}

/// What tells without reading whether a file is still the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Length in bytes.
    pub size: u64,
    /// Modification time in nanoseconds since 1970.
    pub modified: i128,
    /// Time of the last change to the inode in nanoseconds since 1970, where the system knows it: catches
    /// tools that set the modification time back.
    pub changed: i128,
}

impl Stamp {
    /// The stamp that belongs to these metadata.
    pub fn of(metadata: &Metadata) -> Stamp {
        let modified = metadata.modified().ok().map_or(0, |time| match time.duration_since(UNIX_EPOCH) {
            Ok(after) => after.as_nanos() as i128,
            Err(before) => -(before.duration().as_nanos() as i128),
        });
        Stamp { size: metadata.len(), modified, changed: inode_change(metadata) }
    }
}

#[cfg(unix)]
fn inode_change(metadata: &Metadata) -> i128 {
    use std::os::unix::fs::MetadataExt;
    i128::from(metadata.ctime()) * 1_000_000_000 + i128::from(metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn inode_change(_metadata: &Metadata) -> i128 {
    0
}

impl InputFile {
    /// Opens the file for reading.
    pub fn open(&self) -> Result<File, Fault> {
        File::open(&self.path).map_err(|e| Box::new(e0552::unreadable(&self.name, &e)))
    }

    /// Whether the file still looks as it did when it was found.
    pub fn is_unchanged(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|m| Stamp::of(&m) == self.stamp)
    }
}

/// The files that match any of the patterns, each once, sorted by name.
///
/// # Errors
/// A pattern that is malformed, matches nothing or leads outside; files that cannot be read or are
/// compressed. All of them are reported.
pub fn find(place: &Place, dataset: &str, patterns: &[String]) -> Outcome<Vec<InputFile>> {
    let root = canonical_root(place)?;
    let mut found = Vec::new();
    let mut wrong = Vec::new();
    for pattern in patterns {
        match matches(place, &root, dataset, pattern) {
            Ok(files) => found.extend(files),
            Err(diagnostics) => wrong.extend(diagnostics),
        }
    }
    if !wrong.is_empty() {
        return Err(counted(wrong, false));
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    // One file may be found by several patterns, and under several names through links.
    let mut seen = BTreeSet::new();
    found.retain(|file| seen.insert(file.path.clone()));
    Ok(found)
}

/// One file named without wildcards.
///
/// # Errors
/// If it does not exist, cannot be read or lies outside.
pub fn find_one(place: &Place, path: &Path) -> Outcome<InputFile> {
    let name = path.to_string_lossy().replace('\\', "/");
    if !place.outside && leads_out(path) {
        return Err(vec![e0551::outside(&name)]);
    }
    let root = canonical_root(place)?;
    inspect(place, &root, &mut Folders::default(), place.root.join(path)).map_err(|fault| vec![*fault])
}

fn canonical_root(place: &Place) -> Outcome<PathBuf> {
    let name = place.root.display().to_string();
    place.root.canonicalize().map_err(|e| vec![e0552::unreadable(&name, &e)])
}

fn matches(place: &Place, root: &Path, dataset: &str, pattern: &str) -> Outcome<Vec<InputFile>> {
    if !place.outside && leads_out(Path::new(pattern)) {
        return Err(vec![e0551::outside(pattern)]);
    }
    let matches =
        pattern::expand(&place.root, pattern).map_err(|e| vec![e0567::bad_pattern(pattern, e.msg)])?;
    let mut files = Vec::new();
    let mut wrong = Vec::new();
    for (folder, error) in &matches.unreadable {
        wrong.push(e0552::unreadable(&folder.display().to_string(), error));
    }
    let mut folders = Folders::default();
    for path in matches.files {
        match inspect(place, root, &mut folders, path) {
            Ok(file) => files.push(file),
            Err(fault) => wrong.push(*fault),
        }
    }
    if files.is_empty() && wrong.is_empty() {
        wrong.push(e0550::no_match(pattern, dataset));
    }
    if wrong.is_empty() { Ok(files) } else { Err(wrong) }
}

/// Whether a path leaves the folder it is relative to, as far as its text tells.
fn leads_out(path: &Path) -> bool {
    path.components().any(|c| !matches!(c, Component::Normal(_) | Component::CurDir))
}

/// Real paths of files, which mostly lie in the same folder: resolving that takes longer than all the rest.
#[derive(Default)]
struct Folders {
    last: Option<(PathBuf, PathBuf)>,
}

impl Folders {
    /// The path without links.
    fn real(&mut self, path: &Path) -> io::Result<PathBuf> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return path.canonicalize();
        };
        if path.symlink_metadata()?.is_symlink() {
            return path.canonicalize();
        }
        if let Some((_, real)) = self.last.as_ref().filter(|(known, _)| known == folder) {
            return Ok(real.join(name));
        }
        let real = if folder.as_os_str().is_empty() { Path::new(".") } else { folder }.canonicalize()?;
        let file = real.join(name);
        self.last = Some((folder.to_path_buf(), real));
        Ok(file)
    }
}

/// Looks at one file that was found.
fn inspect(place: &Place, root: &Path, folders: &mut Folders, path: PathBuf) -> Result<InputFile, Fault> {
    let shown = path.strip_prefix(&place.root).unwrap_or(&path).to_path_buf();
    let lossy = shown.to_string_lossy().replace('\\', "/");
    let real = folders.real(&path).map_err(|e| Box::new(e0552::unreadable(&lossy, &e)))?;
    if !place.outside && !real.starts_with(root) {
        return Err(Box::new(e0551::outside(&lossy)));
    }
    // A name that is not Unicode sorts differently on different systems.
    if shown.to_str().is_none() {
        let why = io::Error::new(io::ErrorKind::InvalidData, "its name is not Unicode");
        return Err(Box::new(e0552::unreadable(&lossy, &why)));
    }
    if is_compressed(&lossy) {
        return Err(Box::new(e0556::compressed(&lossy)));
    }
    let metadata = std::fs::metadata(&real).map_err(|e| Box::new(e0552::unreadable(&lossy, &e)))?;
    // Pipes and devices would block or never end.
    if !metadata.is_file() {
        let why = io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file");
        return Err(Box::new(e0552::unreadable(&lossy, &why)));
    }
    let name = lossy.strip_prefix("./").unwrap_or(&lossy).to_string();
    Ok(InputFile { name, path: real, stamp: Stamp::of(&metadata) })
}

fn is_compressed(name: &str) -> bool {
    let ending = name.rsplit('.').next().unwrap_or("").to_ascii_lowercase();
    ["bz2", "xz", "lz4", "zip", "7z"].contains(&ending.as_str())
}
