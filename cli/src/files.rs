//! Reading what the user names and writing what they asked for.

use crate::codes::{e0810, e0811, e0814};
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

/// The same for a result that may take the place of an earlier one, which begins with one of these, and of nothing else: not of an
/// experiment or of data whose name slipped in.
///
/// # Errors
/// A diagnostic that says why not; what stood there before is untouched.
pub fn renew(path: &Path, text: &str, beginnings: &[&str]) -> Result<(), Diagnostic> {
    let earlier = |start: &[u8]| beginnings.iter().any(|known| start == known.as_bytes());
    let longest = beginnings.iter().map(|known| known.len()).max().unwrap_or(0);
    let regular = fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() > 0);
    if regular {
        let mut start = vec![];
        let read = fs::File::open(path).and_then(|file| file.take(longest as u64).read_to_end(&mut start));
        read.map_err(|error| e0811::unwritable(path, &error))?;
        if !(0..=start.len()).any(|length| earlier(&start[..length])) {
            return Err(e0814::another(path));
        }
    }
    write(path, text)
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if path.exists() && !path.is_file() {
        // A pipe or a device: there is nothing to replace.
        return fs::OpenOptions::new().write(true).open(&path)?.write_all(bytes);
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

    #[test]
    fn results_take_the_place_of_results_only() {
        let folder = tempfile::tempdir().unwrap();
        let (plan, source) = (folder.path().join("plan.json"), folder.path().join("a.exp"));
        fs::write(&source, "experiment a { seed = 1 }").unwrap();
        for _ in 0..2 {
            renew(&plan, "{\"format\":1}", &["{\"format\":"]).unwrap();
        }
        assert_eq!(renew(&source, "{}", &["{\"format\":"]).unwrap_err().code.0, "E0814");
        assert_eq!(fs::read_to_string(&source).unwrap(), "experiment a { seed = 1 }");
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_written_to_and_stays() {
        let null = Path::new("/dev/null");
        write(null, "text").unwrap();
        assert!(!null.is_file());
        assert!(write(Path::new("/dev/full"), "text").is_err());
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
