//! What is found out once for each kind of card: the user's cache folder. One that cannot be written costs time only, and so does a
//! file that was damaged: each ends with the hash of what is before it.

use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Bytes of a hash.
const HASH: usize = 32;

/// A file of the cache, if there is a place for one.
pub fn file(name: &str) -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    Some(cache.join("regimen/gpu").join(name))
}

/// What was kept there; nothing if that is not what was written.
pub fn read(place: &Path) -> Option<Vec<u8>> {
    let mut content = std::fs::read(place).ok()?;
    let hash = content.split_off(content.len().checked_sub(HASH)?);
    (Sha256::digest(&content).as_slice() == hash).then_some(content)
}

/// Written aside and renamed, so that another process never sees a half. Not synced: a calibration keeps hundreds of products one by one, and
/// what a loss of power leaves of a file is told by its hash.
pub fn keep(place: &Path, content: &[u8]) {
    let write = || {
        let folder = place.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut aside = tempfile::NamedTempFile::new_in(folder)?;
        aside.write_all(content)?;
        aside.write_all(&Sha256::digest(content))?;
        aside.persist(place).map_err(|error| error.error)?;
        Ok::<(), std::io::Error>(())
    };
    // A cache that cannot be written is one that is not there.
    let _ = write();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_comes_back_and_what_was_damaged_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("deep/kernels.cubin");
        assert_eq!(read(&place), None);
        keep(&place, b"an image");
        assert_eq!(read(&place).unwrap(), b"an image");
        let whole = std::fs::read(&place).unwrap();
        let mut flipped = whole.clone();
        flipped[2] ^= 1;
        for damaged in [&whole[..whole.len() - 1], &whole[..5], &[], &flipped] {
            std::fs::write(&place, damaged).unwrap();
            assert_eq!(read(&place), None);
        }
        keep(&place, b"another");
        assert_eq!(read(&place).unwrap(), b"another");
    }
}
