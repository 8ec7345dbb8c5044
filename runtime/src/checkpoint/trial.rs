//! What a checkpoint costs on a disk.

use super::disk::{Disk, RealDisk};
use super::names;
use super::tensors::Failure;
use super::write::write_file;
use std::io;
use std::path::Path;
use std::time::Instant;

/// Seconds until a checkpoint of so many bytes of tensors is durable in a new folder of `parent`, written and summed as any checkpoint is;
/// it is removed afterwards.
///
/// # Errors
/// If it cannot be written.
pub fn seconds(parent: &Path, bytes: usize) -> io::Result<f64> {
    let temporary = tempfile::Builder::new().prefix(".regimen-calibrate-").tempdir_in(parent)?;
    let disk = RealDisk;
    let (aside, folder) = (temporary.path().join("aside"), temporary.path().join("checkpoint"));
    // Numbers that no file system stores as less.
    let part: Vec<u8> = (0..bytes / 3).map(|i| (i.wrapping_mul(0x9e37_79b9) >> 11) as u8).collect();
    let start = Instant::now();
    disk.make_folder(&aside)?;
    // Weights, twice as much state of the optimizer, and the manifest.
    for (name, times) in [(names::WEIGHTS, 1), (names::OPTIMIZER, 2), (names::MANIFEST, 0)] {
        let content = &mut |out: &mut dyn io::Write| {
            (0..times).try_for_each(|_| out.write_all(&part)).map_err(Failure::Io)
        };
        write_file(&disk, &aside, name, content).map_err(|failure| match failure {
            Failure::Io(error) => error,
            Failure::Content(diagnostic) => io::Error::other(diagnostic.title),
        })?;
    }
    disk.sync_folder(&aside)?;
    disk.rename(&aside, &folder)?;
    disk.sync_folder(temporary.path())?;
    Ok(start.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        assert!(seconds(folder.path(), 3_000).unwrap() > 0.0);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(seconds(&folder.path().join("none"), 1).is_err());
    }
}
