//! Work folders that nobody goes on with. An interrupted cleaning is kept, so that the next run goes on; but if the steps or the files
//! change in between, its key never comes again, and the folder, as large as the data, would stay for ever.

use crate::Place;
use crate::cache::entry::{Entry, write_file};
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// The file of a work folder that names its declaration.
const NAME: &str = "name";

/// A folder that nobody touched for so long is not gone on with.
const OLD: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Makes the work folder of a key and removes others that are abandoned: of the same declaration, which has other steps or files now,
/// or untouched for a week. Those that a process works on stay.
pub(super) fn remove(place: &Place, works: &Path, key: &str, name: &str) -> io::Result<()> {
    let own = works.join(key);
    fs::create_dir_all(&own)?;
    write_file(&own.join(NAME), name.as_bytes())?;
    for folder in fs::read_dir(works)?.flatten() {
        let path = folder.path();
        let Some(other) = path.file_name().and_then(|n| n.to_str()).filter(|other| *other != key) else {
            continue;
        };
        let same = fs::read(path.join(NAME)).is_ok_and(|found| found == name.as_bytes());
        if !(same || is_old(&path)) {
            continue;
        }
        // Whoever cleans holds the lock of the entry that it will become.
        if Entry::new(&place.cache, "cleaned", other).is_free() {
            // What cannot be removed is in nobody's way.
            let _ = fs::remove_dir_all(&path);
        }
    }
    Ok(())
}

fn is_old(folder: &Path) -> bool {
    let changed = fs::metadata(folder).and_then(|m| m.modified());
    changed.is_ok_and(|changed| changed.elapsed().is_ok_and(|age| age > OLD))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_the_same_declaration_go_unless_somebody_works_on_them() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(folder.path());
        let works = place.cache.join("cleaning");
        for (key, name) in [("before", "web"), ("busy", "web"), ("other", "books")] {
            fs::create_dir_all(works.join(key)).unwrap();
            fs::write(works.join(key).join(NAME), name).unwrap();
        }
        let _lock = Entry::new(&place.cache, "cleaned", "busy").lock().unwrap();
        remove(&place, &works, "now", "web").unwrap();
        let mut left: Vec<_> = fs::read_dir(&works).unwrap().map(|f| f.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["busy", "now", "other"]);
    }
}
