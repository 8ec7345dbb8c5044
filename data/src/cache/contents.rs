//! Which content a file has, without reading it again: its SHA-256 is kept beside its length and times.

use super::{entry::write_file, hash_file, key_of};
use crate::Outcome;
use crate::codes::{e0552, e0564};
use crate::files::{InputFile, Place, Stamp};
use crate::progress::Progress;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Two changes of a file within this time may leave the same time stamp: the clock that file systems use
/// ticks every few milliseconds.
const TICK: Duration = Duration::from_millis(20);

/// What is known of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    stamp: Stamp,
    sha256: String,
}

type Index = BTreeMap<String, Known>;

/// The contents of all files in their order, if all of them are known and look unchanged.
pub fn contents_if_known<T: Serialize>(place: &Place, of: &T, files: &[InputFile]) -> Option<Vec<String>> {
    let index = read_index(place, of);
    files.iter().map(|file| known(&index, file)).collect()
}

/// The contents of all files in their order; files that are not known are read. `of` identifies the list:
/// it is the key under which it is remembered.
///
/// # Errors
/// If a file cannot be read or the cache cannot be written.
pub fn contents<T: Serialize>(
    place: &Place,
    of: &T,
    files: &[InputFile],
    progress: &mut dyn Progress,
) -> Outcome<Vec<String>> {
    let mut index = read_index(place, of);
    let new: Vec<&InputFile> = files.iter().filter(|file| known(&index, file).is_none()).collect();
    if !new.is_empty() {
        wait_for_the_clock(&new);
        for (file, sha256) in new.iter().zip(hash_all(&new, progress)?) {
            index.insert(file.name.clone(), Known { stamp: file.stamp.clone(), sha256 });
        }
        index.retain(|name, _| files.iter().any(|f| f.name == *name));
        write_index(place, of, &index)?;
    }
    Ok(files.iter().filter_map(|file| known(&index, file)).collect())
}

fn hash_all(files: &[&InputFile], progress: &mut dyn Progress) -> Outcome<Vec<String>> {
    progress.begin("reading files", Some(files.iter().map(|f| f.stamp.size).sum()));
    let mut hashes = Vec::with_capacity(files.len());
    let mut wrong = Vec::new();
    // In groups, so that progress is told from one thread.
    for group in files.chunks(4 * rayon::current_num_threads()) {
        let results: Vec<_> = group.par_iter().map(|file| hash_file(&file.path, |_| {})).collect();
        for (file, result) in group.iter().zip(results) {
            progress.advance(file.stamp.size);
            match result {
                Ok(hash) => hashes.push(hash),
                Err(e) => wrong.push(e0552::unreadable(&file.name, &e)),
            }
        }
    }
    progress.finish();
    if wrong.is_empty() { Ok(hashes) } else { Err(wrong) }
}

/// A file that is written again within the same tick would keep its stamp, so let the tick pass.
fn wait_for_the_clock(files: &[&InputFile]) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i128);
    let newest = files.iter().map(|f| f.stamp.modified.max(f.stamp.changed)).max().unwrap_or(0);
    if (now - newest).abs() < TICK.as_nanos() as i128 {
        std::thread::sleep(TICK);
    }
}

fn known(index: &Index, file: &InputFile) -> Option<String> {
    index.get(&file.name).filter(|k| k.stamp == file.stamp).map(|k| k.sha256.clone())
}

fn index_path<T: Serialize>(place: &Place, of: &T) -> PathBuf {
    // The root is part of the key because one cache may serve experiments in several folders.
    let root = place.root.canonicalize().unwrap_or_else(|_| place.root.clone());
    let key = key_of(&(root.to_string_lossy(), of));
    place.cache.join("contents").join(format!("{key}.json"))
}

/// The index, empty if there is none or it cannot be used: everything in it can be found out again.
fn read_index<T: Serialize>(place: &Place, of: &T) -> Index {
    std::fs::read(index_path(place, of))
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default()
}

fn write_index<T: Serialize>(place: &Place, of: &T, index: &Index) -> Outcome<()> {
    let path = index_path(place, of);
    let written = serde_json::to_vec(index).map_err(Into::into).and_then(|text| write_file(&path, &text));
    written.map_err(|e| vec![e0564::cache_not_written(&path.display().to_string(), &e)])
}
