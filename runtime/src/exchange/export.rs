//! From a checkpoint to a folder that Hugging Face's tools load.

use super::transpose::{swap_rows, transpose};
use super::{names, shards, swapped as swapped_rows};
use crate::checkpoint::convert::{to_f64, write};
use crate::checkpoint::disk::{Disk, RealDisk, TEMPORARY};
use crate::checkpoint::tensors::{Entry, Failure, TensorFile, write_tensors};
use crate::checkpoint::{Checkpoint, names as files, write_file};
use crate::run::{codes, find_stage};
use regimen_base::Diagnostic;
use regimen_base::plan::{Exchange, ExchangeTensor, Stage};
use regimen_base::tensor::DType;
use regimen_data::tokenizer::{Special, Wanted, exported};
use std::path::Path;

/// How a model is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Bytes of tensors that one file holds at most, if it holds more than one tensor.
    pub shard: u64,
    /// Whether the generator of a detector of replaced tokens is written and not the detector.
    pub generator: bool,
}

impl Default for Form {
    fn default() -> Form {
        Form { shard: u64::MAX, generator: false }
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Number of tensors.
    pub tensors: usize,
    /// Files with tensors.
    pub files: usize,
    /// Bytes of these files.
    pub bytes: u64,
}

/// Writes the weights of a checkpoint, its tokenizer and its configuration into a new folder. One tensor
/// at a time is in memory; the folder gets its name when it is complete.
///
/// # Errors
/// If the target exists, the checkpoint cannot be read, its model has no generator where that is asked for, its tokenizer has no place for
/// the special tokens that the model was trained with, or the folder cannot be written.
pub fn export(checkpoint: &Checkpoint, target: &Path, form: Form) -> Result<Exported, Diagnostic> {
    let plan = checkpoint.plan()?;
    let stage = find_stage(&plan, &checkpoint.manifest.stage)?;
    let exchange = match (form.generator, &stage.model.exchange.generator) {
        (false, _) => &stage.model.exchange,
        (true, Some(generator)) => generator.as_ref(),
        (true, None) => return Err(codes::no_generator(&stage.model.name, &stage.model.architecture)),
    };
    if target.exists() {
        return Err(codes::export_exists(target));
    }
    // Only the last folder is made: a misspelt path is not filled.
    let around = target.parent().filter(|around| !around.as_os_str().is_empty());
    if around.is_some_and(|around| !around.is_dir()) {
        return Err(codes::export_failed(target, &std::io::ErrorKind::NotFound.into()));
    }
    let name = target.file_name().and_then(|n| n.to_str()).unwrap_or("model");
    let aside = target.with_file_name(format!("{TEMPORARY}{name}"));
    let subject = Subject { checkpoint, stage, exchange };
    let written = subject.fill(&aside, target, form.shard).and_then(|exported| {
        RealDisk.rename(&aside, target).map_err(|e| codes::export_failed(target, &e))?;
        Ok(exported)
    });
    if written.is_err() {
        // What was half written is of no use; if it cannot be removed the next export replaces it.
        let _ = RealDisk.remove_folder(&aside);
    }
    written
}

/// What is exported.
struct Subject<'a> {
    checkpoint: &'a Checkpoint,
    stage: &'a Stage,
    exchange: &'a Exchange,
}

impl Subject<'_> {
    /// Writes into `folder`; messages name `target`, which it becomes when it is complete.
    fn fill(&self, folder: &Path, target: &Path, limit: u64) -> Result<Exported, Diagnostic> {
        let failed = |e: std::io::Error| codes::export_failed(target, &e);
        let refused = |failure: Failure| match failure {
            Failure::Io(e) => failed(e),
            Failure::Content(diagnostic) => *diagnostic,
        };
        let put = |name: &str, text: &str| {
            write_file(&RealDisk, folder, name, &mut |out| Ok(out.write_all(text.as_bytes())?))
                .map_err(refused)
        };
        RealDisk.make_folder(folder).map_err(failed)?;
        put(names::CONFIG, &format!("{:#}\n", self.exchange.config))?;
        if let Some((tokenizer, config)) = self.tokenizer()? {
            put(files::TOKENIZER, &tokenizer)?;
            put(files::TOKENIZER_CONFIG, &config)?;
        }
        let weights = self.checkpoint.folder.join(files::WEIGHTS);
        let file =
            TensorFile::open(&weights).map_err(|damage| codes::checkpoint_damaged(&weights, &damage))?;
        let entries = entries(&file, &self.exchange.tensors, &weights)?;
        let shards = shards::divided(&entries, limit);
        let mut bytes = 0;
        for (shard, range) in shards.iter().enumerate() {
            let part = entries.get(range.clone()).unwrap_or_default();
            let sum = write_file(&RealDisk, folder, &shards::name(shard, shards.len()), &mut |out| {
                // transformers refuses a file that does not say which library's layout its tensors have.
                write_tensors(out, part, Some(("format", "pt")), &mut |index, out| {
                    Ok(out.write_all(&self.content(&file, range.start + index)?)?)
                })
            })
            .map_err(refused)?;
            bytes += sum.bytes;
        }
        if shards.len() > 1 {
            put(names::INDEX, &shards::index(&entries, &shards))?;
        }
        RealDisk.sync_folder(folder).map_err(failed)?;
        Ok(Exported { tensors: entries.len(), files: shards.len(), bytes })
    }

    /// The tokenizer's files with the special tokens of the model, if the checkpoint has a tokenizer.
    fn tokenizer(&self) -> Result<Option<(String, String)>, Diagnostic> {
        let path = self.checkpoint.folder.join(files::TOKENIZER);
        if !path.is_file() {
            return Ok(None);
        }
        let read = |path: &Path| {
            std::fs::read_to_string(path).map_err(|e| codes::checkpoint_damaged(path, &e.to_string()))
        };
        let config = read(&self.checkpoint.folder.join(files::TOKENIZER_CONFIG))?;
        let swapped = self.exchange.padding.iter().flat_map(|padding| &padding.weights);
        let swapped =
            swapped.filter_map(|weight| swapped_rows(&self.stage.tokenizer, self.exchange, weight)).next();
        let wanted = Wanted {
            context: self.stage.model.context,
            special: self.stage.tokenizer.special.map(|special| Special {
                mask: special.mask,
                padding: special.marks.padding,
                begin: special.marks.begin,
                end: special.marks.end,
                around: special.around,
                swapped,
            }),
            segments: self.exchange.config["type_vocab_size"].as_u64().is_some_and(|rows| rows > 1),
        };
        exported(&read(&path)?, &config, &wanted)
            .map(Some)
            .map_err(|why| codes::tokenizer_not_exported(&self.stage.tokenizer.tokenizer.name, &why))
    }

    /// The data of a tensor as the other side has it.
    fn content(&self, file: &TensorFile, index: usize) -> std::io::Result<Vec<u8>> {
        let found = self.exchange.tensors.get(index).and_then(|t| Some((t, file.find(&t.ours)?)));
        let Some((tensor, stored)) = found else { return Ok(vec![]) };
        let mut bytes = vec![0; stored.bytes];
        file.read(&stored, &mut bytes)?;
        if let Some(other) = tensor.plus.as_ref().and_then(|name| file.find(name)) {
            let mut added = vec![0; other.bytes];
            file.read(&other, &mut added)?;
            bytes = sum(stored.dtype, &bytes, &added);
        }
        if let Some(ids) = swapped_rows(&self.stage.tokenizer, self.exchange, &tensor.ours) {
            swap_rows(&mut bytes, stored.shape.first().copied().unwrap_or(1), ids);
        }
        Ok(match (tensor.transposed, stored.shape.as_slice()) {
            (true, &[rows, columns]) => {
                transpose(&bytes, rows as usize, columns as usize, stored.dtype.size() as usize)
            }
            _ => bytes,
        })
    }
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
