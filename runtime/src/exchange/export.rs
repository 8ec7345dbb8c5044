//! From a checkpoint to a folder that Hugging Face's tools load.

use super::names;
use super::transpose::transpose;
use crate::checkpoint::convert::{to_f64, write};
use crate::checkpoint::disk::{Disk, RealDisk, TEMPORARY};
use crate::checkpoint::tensors::{Entry, Failure, TensorFile, write_tensors};
use crate::checkpoint::{Checkpoint, names as files, write_file};
use crate::run::{codes, find_stage};
use regimen_base::Diagnostic;
use regimen_base::plan::{ExchangeTensor, Stage};
use regimen_base::tensor::DType;
use std::path::Path;

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Number of tensors.
    pub tensors: usize,
    /// Bytes of `model.safetensors`.
    pub bytes: u64,
}

/// Writes the weights of a checkpoint, its tokenizer and its configuration into a new folder. One tensor
/// at a time is in memory; the folder gets its name when it is complete.
///
/// # Errors
/// If the target exists, the checkpoint cannot be read, or the folder cannot be written.
pub fn export(checkpoint: &Checkpoint, target: &Path) -> Result<Exported, Diagnostic> {
    let plan = checkpoint.plan()?;
    let stage = find_stage(&plan, &checkpoint.manifest.stage)?;
    if target.exists() {
        return Err(codes::export_exists(target));
    }
    let name = target.file_name().and_then(|n| n.to_str()).unwrap_or("model");
    let aside = target.with_file_name(format!("{TEMPORARY}{name}"));
    let written = fill(checkpoint, stage, &aside, target).and_then(|exported| {
        RealDisk.rename(&aside, target).map_err(|e| codes::export_failed(target, &e))?;
        Ok(exported)
    });
    if written.is_err() {
        // What was half written is of no use; if it cannot be removed the next export replaces it.
        let _ = RealDisk.remove_folder(&aside);
    }
    written
}

/// Writes into `folder`; messages name `target`, which it becomes when it is complete.
fn fill(
    checkpoint: &Checkpoint,
    stage: &Stage,
    folder: &Path,
    target: &Path,
) -> Result<Exported, Diagnostic> {
    let failed = |e: std::io::Error| codes::export_failed(target, &e);
    let refused = |failure: Failure| match failure {
        Failure::Io(e) => failed(e),
        Failure::Content(diagnostic) => *diagnostic,
    };
    RealDisk.make_folder(folder).map_err(failed)?;
    let config = format!("{:#}\n", stage.model.exchange.config);
    write_file(&RealDisk, folder, names::CONFIG, &mut |out| Ok(out.write_all(config.as_bytes())?))
        .map_err(refused)?;
    for name in [files::TOKENIZER, files::TOKENIZER_CONFIG] {
        let from = checkpoint.folder.join(name);
        if from.is_file() {
            std::fs::copy(&from, folder.join(name)).map_err(failed)?;
        }
    }
    let weights = checkpoint.folder.join(files::WEIGHTS);
    let file = TensorFile::open(&weights).map_err(|damage| codes::checkpoint_damaged(&weights, &damage))?;
    let tensors = &stage.model.exchange.tensors;
    let entries = entries(&file, tensors, &weights)?;
    let sum = write_file(&RealDisk, folder, names::MODEL, &mut |out| {
        // transformers refuses a file that does not say which library's layout its tensors have.
        write_tensors(out, &entries, Some(("format", "pt")), &mut |index, out| {
            Ok(out.write_all(&content(&file, tensors.get(index))?)?)
        })
    })
    .map_err(refused)?;
    RealDisk.sync_folder(folder).map_err(failed)?;
    Ok(Exported { tensors: entries.len(), bytes: sum.bytes })
}

fn entries(file: &TensorFile, tensors: &[ExchangeTensor], path: &Path) -> Result<Vec<Entry>, Diagnostic> {
    let missing: Vec<String> =
        tensors.iter().filter(|t| file.find(&t.ours).is_none()).map(|t| t.ours.clone()).collect();
    if !missing.is_empty() {
        return Err(codes::checkpoint_of_another_model(path, &missing, &[]));
    }
    let entry = |tensor: &ExchangeTensor| {
        let stored = file.find(&tensor.ours)?;
        let mut shape = stored.shape;
        if tensor.transposed {
            shape.reverse();
        }
        Some(Entry { name: tensor.theirs.clone(), dtype: stored.dtype, shape })
    };
    Ok(tensors.iter().filter_map(entry).collect())
}

/// Element by element, rounded once.
fn sum(dtype: DType, a: &[u8], b: &[u8]) -> Vec<u8> {
    let numbers: Vec<f64> = to_f64(dtype, a).iter().zip(to_f64(dtype, b)).map(|(a, b)| a + b).collect();
    let mut bytes = vec![0; a.len()];
    let size = (dtype.size() as usize).max(1);
    numbers.iter().zip(bytes.chunks_mut(size)).for_each(|(number, out)| write(dtype, *number, out));
    bytes
}

fn content(file: &TensorFile, tensor: Option<&ExchangeTensor>) -> std::io::Result<Vec<u8>> {
    let Some((tensor, stored)) = tensor.and_then(|t| Some((t, file.find(&t.ours)?))) else {
        return Ok(vec![]);
    };
    let mut bytes = vec![0; stored.bytes];
    file.read(&stored, &mut bytes)?;
    if let Some(other) = tensor.plus.as_ref().and_then(|name| file.find(name)) {
        let mut added = vec![0; other.bytes];
        file.read(&other, &mut added)?;
        bytes = sum(stored.dtype, &bytes, &added);
    }
    Ok(match (tensor.transposed, stored.shape.as_slice()) {
        (true, &[rows, columns]) => {
            transpose(&bytes, rows as usize, columns as usize, stored.dtype.size() as usize)
        }
        _ => bytes,
    })
}
