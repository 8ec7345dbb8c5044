//! Models in GGUF files, the format of llama.cpp, written as a folder in Hugging Face's layout.
//!
//! A GGUF file holds everything: sizes, tokenizer and quantised weights. [`import`] reads versions 2 and 3
//! (little-endian) of the architecture `llama` with a byte-level BPE tokenizer, and writes what transformers loads:
//! `config.json`, `model.safetensors`, `tokenizer.json`, `tokenizer_config.json`.
//!
//! What holds throughout: the file is mapped and never trusted. No count or length in it decides about an allocation
//! before the bytes behind it were seen; time and memory are bounded by the file's length. Either everything in the file
//! is understood, or one message lists what is not.

mod config;
mod cursor;
mod folder;
mod header;
mod kind;
mod llama;
mod quants;
mod text;
mod tokenizer;
mod value;
mod weights;

use crate::codes::{e0572, e0573, e0574};
use crate::tokenizer::{CONFIG_FILE, Hf, TOKENIZER_FILE};
use crate::{Fault, Progress};
use folder::Aside;
use header::Container;
use llama::{Llama, Mapped};
use memmap2::Mmap;
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use text::{Faults, shown};
use tokenizer::Tokenizer;

/// Type of the weights that are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dtype {
    /// 32 bits: exactly what the quantised values stand for.
    #[default]
    F32,
    /// bfloat16: the nearest ones.
    Bf16,
}

impl Dtype {
    /// The name in `config.json`.
    pub fn name(self) -> &'static str {
        match self {
            Dtype::F32 => "float32",
            Dtype::Bf16 => "bfloat16",
        }
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Number of tensors.
    pub tensors: usize,
    /// Number of values in them. A tied output layer is not counted twice.
    pub parameters: u64,
    /// Number of tokens in the vocabulary.
    pub vocab: u64,
    /// Bytes of `model.safetensors`.
    pub bytes: u64,
}

/// Reads a GGUF file and writes a new folder, which gets its name when it is complete. An empty folder may be there.
///
/// # Errors
/// If the file cannot be read, is damaged, or holds a model that cannot be written so that it computes the same; if the
/// target exists or cannot be written. One message lists everything that is wrong.
pub fn import(
    path: &Path,
    target: &Path,
    dtype: Dtype,
    progress: &mut dyn Progress,
) -> Result<Imported, Fault> {
    let map = map(path)?;
    let bytes = map.as_ref().map_or(&[][..], |map| map);
    let container =
        Container::read(bytes).map_err(|faults| Box::new(e0572::bad_file(path, faults.listed())))?;
    let model = Model::of(&container).map_err(|faults| refused(path, faults))?;
    model.check_tokenizer(path)?;
    let aside = Aside::begin(target)?;
    let failed = |e: io::Error| Box::new(e0574::unwritable(target, &e));
    let imported = model.write(aside.folder(), dtype, progress).map_err(failed)?;
    aside.finish().map_err(failed)?;
    Ok(imported)
}

/// The file in memory; nothing if it is empty.
fn map(path: &Path) -> Result<Option<Mmap>, Fault> {
    let failed = |e: io::Error| Box::new(e0572::unreadable(path, &e));
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")));
    }
    if metadata.len() == 0 {
        return Ok(None);
    }
    // SAFETY: nothing here writes to the file. Another program that cuts it while it is mapped would end the process; no
    // reader of mapped files can prevent that.
    let map = unsafe { Mmap::map(&file) }.map_err(failed)?;
    Ok(Some(map))
}

fn refused(path: &Path, faults: Faults) -> Fault {
    Box::new(e0573::unsupported(path, faults.listed()))
}

/// A model that is understood to the last tensor.
#[derive(Debug)]
struct Model<'a> {
    llama: Llama,
    tokenizer: Tokenizer<'a>,
    tensors: Vec<Mapped<'a>>,
}

impl<'a> Model<'a> {
    fn of(container: &Container<'a>) -> Result<Model<'a>, Faults> {
        match container.metadata.text("general.architecture") {
            Some("llama") => {}
            Some(other) => {
                return Err(format!("its architecture is {}; `llama` is read", shown(other)).into());
            }
            None => return Err("it names no architecture (`general.architecture`)".to_string().into()),
        }
        let tokenizer = Tokenizer::read(&container.metadata);
        let llama = llama::describe(container, tokenizer::tokens(&container.metadata))
            .and_then(|llama| Ok((llama::map(&llama, container)?, llama)));
        match (tokenizer, llama) {
            (Ok(tokenizer), Ok((tensors, llama))) => Ok(Model { llama, tokenizer, tensors }),
            (Err(faults), Ok(_)) | (Ok(_), Err(faults)) => Err(faults),
            (Err(faults), Err(more)) => Err(faults.and(more)),
        }
    }

    /// Lets the library that will read the tokenizer read it.
    fn check_tokenizer(&self, path: &Path) -> Result<(), Fault> {
        let json = self.tokenizer.to_json().to_string();
        let any = self.tokenizer.token(self.tokenizer.end.or(Some(0)));
        match Hf::from_json(TOKENIZER_FILE, json, any) {
            Ok(_) => Ok(()),
            Err(fault) => {
                let mut faults = Faults::from(fault.title);
                faults.extend(fault.notes);
                Err(refused(path, faults))
            }
        }
    }

    fn write(&self, folder: &Path, dtype: Dtype, progress: &mut dyn Progress) -> io::Result<Imported> {
        let config = config::config(&self.llama, &self.tokenizer, dtype);
        write_json(folder, "config.json", &config)?;
        write_json(folder, TOKENIZER_FILE, &self.tokenizer.to_json())?;
        write_json(folder, CONFIG_FILE, &self.tokenizer.config(self.llama.context))?;
        let parameters = self.tensors.iter().map(Mapped::values).sum::<u64>();
        progress.begin("writing the weights", Some(parameters * dtype.size()));
        let mut out = BufWriter::with_capacity(1 << 20, File::create_new(folder.join("model.safetensors"))?);
        let bytes = weights::write(&mut out, &self.tensors, dtype, progress);
        progress.finish();
        let bytes = bytes?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(Imported { tensors: self.tensors.len(), parameters, vocab: self.llama.vocab, bytes })
    }
}

fn write_json(folder: &Path, name: &str, value: &Value) -> io::Result<()> {
    let mut file = File::create_new(folder.join(name))?;
    file.write_all(format!("{value:#}\n").as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
