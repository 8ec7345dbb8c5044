//! What is found out once for each kind of card: the user's cache folder. One that cannot be written costs time only.

use std::path::{Path, PathBuf};

/// A file of the cache, if there is a place for one.
pub fn file(name: &str) -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))?;
    Some(cache.join("regimen/gpu").join(name))
}

/// Written aside and renamed, so that another process never sees a half.
pub fn keep(place: &Path, content: &[u8]) {
    let Some(folder) = place.parent() else { return };
    let aside = place.with_extension(format!("{}.part", std::process::id()));
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&aside, content));
    if written.and_then(|()| std::fs::rename(&aside, place)).is_err() {
        let _ = std::fs::remove_file(&aside);
    }
}
