//! Writes one checkpoint folder under a temporary name and gives it its final one when it is durable.

use super::digest::{FileSum, SummingWriter};
use super::disk::{Disk, DurableFile, TEMPORARY};
use super::manifest::Manifest;
use super::names;
use super::tensors::{Entry, Failure, write_tensors};
use super::weights::{logical_weights, saved_state};
use crate::run::codes;
use crate::run::engine::Residents;
use regimen_base::Diagnostic;
use regimen_base::plan::Stage;
use regimen_base::program::ResidentId;
use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::Path;

/// What a checkpoint is made from.
#[derive(Clone, Copy)]
pub struct Snapshot<'a> {
    /// The stage, which says what its residents are.
    pub stage: &'a Stage,
    /// The tensors.
    pub residents: &'a dyn Residents,
    /// Where the run stands; `files` is filled in while writing.
    pub manifest: &'a Manifest,
    /// Texts by file name: tokenizer and plan.
    pub texts: &'a BTreeMap<String, String>,
}

impl std::fmt::Debug for Snapshot<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("manifest", self.manifest).finish_non_exhaustive()
    }
}

/// Writes the snapshot as the folder `name` in `parent`; nothing is left behind if that fails.
pub fn write_folder(
    disk: &dyn Disk,
    parent: &Path,
    name: &str,
    snapshot: &Snapshot,
) -> Result<Manifest, Diagnostic> {
    let aside = parent.join(format!("{TEMPORARY}{name}"));
    let written = write_aside(disk, &aside, snapshot).and_then(|manifest| {
        let publish = disk.rename(&aside, &parent.join(name)).and_then(|()| disk.sync_folder(parent));
        publish.map_err(|e| codes::checkpoint_not_written(&format!("publish {name}"), parent, &e))?;
        Ok(manifest)
    });
    if written.is_err() {
        // Whatever stays if this fails as well is removed when the store is opened next.
        let _ = disk.remove_folder(&aside);
    }
    written
}

fn write_aside(disk: &dyn Disk, folder: &Path, snapshot: &Snapshot) -> Result<Manifest, Diagnostic> {
    let at = |doing: &'static str| move |e| codes::checkpoint_not_written(doing, folder, &e);
    if folder.exists() {
        disk.remove_folder(folder).map_err(at("remove the remains of an earlier attempt"))?;
    }
    disk.make_folder(folder).map_err(at("create the checkpoint's folder"))?;
    let mut manifest = snapshot.manifest.clone();
    manifest.files.clear();
    let refused = |failure: Failure, name: &str| match failure {
        Failure::Io(e) => codes::checkpoint_not_written(&format!("write {name}"), folder, &e),
        Failure::Content(diagnostic) => *diagnostic,
    };
    let mut put = |name: &str, content: &mut Content| {
        let sum = write_file(disk, folder, name, content).map_err(|failure| refused(failure, name))?;
        manifest.files.insert(name.to_owned(), sum);
        Ok::<(), Diagnostic>(())
    };
    put(names::WEIGHTS, &mut |out| write_weights(out, snapshot))?;
    put(names::OPTIMIZER, &mut |out| write_state(out, snapshot))?;
    for (name, text) in snapshot.texts {
        put(name, &mut |out| Ok(out.write_all(text.as_bytes())?))?;
    }
    let text = manifest.to_json().map_err(std::io::Error::other).map_err(at("write manifest.json"))?;
    write_file(disk, folder, names::MANIFEST, &mut |out| Ok(out.write_all(text.as_bytes())?))
        .map_err(|failure| refused(failure, names::MANIFEST))?;
    disk.sync_folder(folder).map_err(at("sync the checkpoint's folder"))?;
    Ok(manifest)
}

type Content<'a> = dyn FnMut(&mut dyn Write) -> Result<(), Failure> + 'a;

/// Writes a file, makes it durable, and returns its sum.
pub(crate) fn write_file(
    disk: &dyn Disk,
    folder: &Path,
    name: &str,
    content: &mut Content,
) -> Result<FileSum, Failure> {
    let file = BufWriter::new(disk.create(&folder.join(name))?);
    let mut summing = SummingWriter::new(file);
    content(&mut summing)?;
    let (file, sum) = summing.finish();
    let mut file: Box<dyn DurableFile> = file.into_inner().map_err(|e| e.into_error())?;
    file.sync()?;
    Ok(sum)
}

fn write_weights(out: &mut dyn Write, snapshot: &Snapshot) -> Result<(), Failure> {
    let weights = logical_weights(snapshot.stage).into_iter();
    let (entries, ids): (Vec<Entry>, Vec<ResidentId>) = weights.map(|w| (w.entry, w.precise)).unzip();
    write_residents(out, snapshot, &entries, &ids)
}

fn write_state(out: &mut dyn Write, snapshot: &Snapshot) -> Result<(), Failure> {
    let state = saved_state(snapshot.stage).into_iter();
    let (ids, entries): (Vec<ResidentId>, Vec<Entry>) = state.unzip();
    write_residents(out, snapshot, &entries, &ids)
}

/// Straight from the memory of the residents to the file.
fn write_residents(
    out: &mut dyn Write,
    snapshot: &Snapshot,
    entries: &[Entry],
    ids: &[ResidentId],
) -> Result<(), Failure> {
    write_tensors(out, entries, None, &mut |index, out| {
        if let Some(&id) = ids.get(index) {
            out.write_all(&snapshot.residents.bytes(id)?)?;
        }
        Ok(())
    })
}
