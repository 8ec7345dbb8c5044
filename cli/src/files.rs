//! Reading what the user names and writing what they asked for.

use crate::codes::{e0810, e0811};
use regimen_base::Diagnostic;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

/// The text of a file of at most `limit` bytes.
///
/// # Errors
/// A diagnostic that says why not.
pub fn read(path: &Path, limit: u64) -> Result<String, Diagnostic> {
    read_text(path, limit).map_err(|error| e0810::unreadable(path, &error))
}

/// The text of a regular file; anything else could block or never end.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let file = fs::File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    if metadata.len() > limit {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut text = String::new();
    // The file may have grown since it was looked at.
    file.take(limit).read_to_string(&mut text)?;
    Ok(text)
}

/// Writes a file aside and renames it, so that it is never half there. Links are followed and permissions kept.
///
/// # Errors
/// A diagnostic that says why not; what stood there before is untouched.
pub fn write(path: &Path, text: &str) -> Result<(), Diagnostic> {
    replace(path, text.as_bytes()).map_err(|error| e0811::unwritable(path, &error))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut aside = tempfile::Builder::new().prefix(".regimen-").tempfile_in(folder)?;
    aside.write_all(bytes)?;
    // A temporary file is private; an ordinary one is as the user's mask says.
    match fs::metadata(&path) {
        Ok(before) => aside.as_file().set_permissions(before.permissions())?,
        Err(_) => open_to_readers(aside.as_file())?,
    }
    aside.as_file().sync_all()?;
    aside.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(unix)]
fn open_to_readers(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn open_to_readers(_file: &fs::File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_replaces_and_leaves_nothing_else_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.exp");
        write(&path, "one").unwrap();
        write(&path, "two").unwrap();
        assert_eq!(read(&path, 100).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn reading_refuses_what_is_no_text_file_of_that_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.exp");
        fs::write(&path, [0xff, 0xfe]).unwrap();
        let title = |path: &Path, limit| read(path, limit).unwrap_err().title;
        assert!(title(&path, 100).contains("not UTF-8"));
        assert!(title(&path, 1).contains("too large"));
        assert!(title(folder.path(), 100).contains("is a folder"));
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_stay() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a.exp"), folder.path().join("link.exp"));
        fs::write(&path, "one").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write(&link, "two").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
