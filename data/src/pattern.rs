//! File patterns: `*`, `?` and `[…]` inside a name, `**` alone between slashes for any folders.
//!
//! Walks the folders itself, because an experiment may come from somebody else: every folder is looked at
//! once for each part of the pattern, so that links that lead in circles cost no time.

use glob::{MatchOptions, Pattern, PatternError};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Names that begin with a dot are found only by patterns that say so.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// One part of a pattern, between slashes.
enum Part {
    /// A name as it stands, a root, or `..`.
    Literal(PathBuf),
    /// A name with wildcards.
    Name(Pattern),
    /// `**`.
    Folders,
}

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Matches {
    /// Everything that matches and is no folder, unsorted.
    pub files: Vec<PathBuf>,
    /// Folders that could not be read.
    pub unreadable: Vec<(PathBuf, io::Error)>,
}

/// Everything under `root` that matches the pattern.
///
/// # Errors
/// If the pattern is malformed.
pub(crate) fn expand(root: &Path, pattern: &str) -> Result<Matches, PatternError> {
    let parts = Path::new(pattern).components().map(part).collect::<Result<Vec<_>, _>>()?;
    let mut walk = Walk { parts, seen: BTreeSet::new(), found: Matches::default() };
    walk.step(root, 0);
    Ok(walk.found)
}

fn part(component: Component) -> Result<Part, PatternError> {
    let text = component.as_os_str().to_string_lossy();
    Ok(match component {
        Component::Normal(_) if text == "**" => Part::Folders,
        Component::Normal(_) if text.contains(['*', '?', '[']) => Part::Name(Pattern::new(&text)?),
        other => Part::Literal(PathBuf::from(other.as_os_str())),
    })
}

struct Walk {
    parts: Vec<Part>,
    /// Which folders were looked at for which part.
    seen: BTreeSet<(usize, PathBuf)>,
    found: Matches,
}

impl Walk {
    /// Matches the parts from `index` on against what is at `path`.
    fn step(&mut self, path: &Path, index: usize) {
        match self.parts.get(index) {
            None if path.is_file() || !path.is_dir() => self.found.files.push(path.to_path_buf()),
            None => {}
            Some(Part::Literal(name)) => {
                let next = path.join(name);
                // Also a link that leads nowhere is there: opening it will say so.
                if next.symlink_metadata().is_ok() {
                    self.step(&next, index + 1);
                }
            }
            Some(Part::Name(_)) => self.names(path, index),
            Some(Part::Folders) => {
                self.step(path, index + 1);
                self.folders(path, index);
            }
        }
    }

    fn names(&mut self, folder: &Path, index: usize) {
        for entry in self.entries(folder, index) {
            let name = entry.file_name();
            let fits = match self.parts.get(index) {
                Some(Part::Name(pattern)) => pattern.matches_with(&name.to_string_lossy(), OPTIONS),
                _ => false,
            };
            if fits {
                self.step(&entry.path(), index + 1);
            }
        }
    }

    /// Goes down into folders that are no links and not hidden.
    fn folders(&mut self, folder: &Path, index: usize) {
        for entry in self.entries(folder, index) {
            let real = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if real && !entry.file_name().to_string_lossy().starts_with('.') {
                self.step(&entry.path(), index);
            }
        }
    }

    /// What is in a folder, by name; nothing if it was looked at before for this part, or is no folder.
    fn entries(&mut self, folder: &Path, index: usize) -> Vec<fs::DirEntry> {
        let Ok(real) = folder.canonicalize() else { return Vec::new() };
        if !real.is_dir() || !self.seen.insert((index, real)) {
            return Vec::new();
        }
        match fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(mut entries) => {
                entries.sort_by_key(fs::DirEntry::file_name);
                entries
            }
            Err(e) => {
                self.found.unreadable.push((folder.to_path_buf(), e));
                Vec::new()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn links_in_circles_cost_no_time() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            std::os::unix::fs::symlink(".", folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("x.txt"), "text").unwrap();
        let found = expand(folder.path(), &format!("{}x.txt", "*/".repeat(30))).unwrap();
        assert!(found.files.len() <= 3, "{:?}", found.files.len());
        assert_eq!(expand(folder.path(), "**/x.txt").unwrap().files.len(), 1);
    }

    #[test]
    fn patterns_stop_at_slashes_and_dots() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a/1.txt", "a/b/2.txt", ".git/3.txt", ".4.txt", "5.txt"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "text").unwrap();
        }
        let found = |pattern: &str| {
            let files = expand(folder.path(), pattern).unwrap().files;
            let mut names: Vec<_> =
                files.iter().map(|f| f.strip_prefix(folder.path()).unwrap().display().to_string()).collect();
            names.sort();
            names
        };
        assert_eq!(found("*.txt"), ["5.txt"]);
        assert_eq!(found("**/*.txt"), ["5.txt", "a/1.txt", "a/b/2.txt"]);
        assert_eq!(found("a/**/[12].txt"), ["a/1.txt", "a/b/2.txt"]);
        assert_eq!(found(".*.txt"), [".4.txt"]);
        assert_eq!(found("a/1.txt"), ["a/1.txt"]);
        assert_eq!(found("a/1.txt/*"), Vec::<String>::new());
        assert!(expand(folder.path(), "a**b/x").is_err());
    }
}
