//! `regimen import`: a model from a GGUF file, in Hugging Face's layout. Needs no engine: nothing is computed but the
//! numbers that quantised ones stand for.

use crate::arguments::{Import, WeightType};
use crate::exit::Exit;
use crate::output::{self, Terminal};
use crate::progress::DataProgress;
use crate::render::Batch;
use regimen_compiler::planning::show::{bytes, count};
use regimen_data::gguf::{self, Dtype, Imported};
use std::path::Path;

/// Writes the folder and says what is in it.
pub fn import(asked: &Import, terminal: Terminal) -> Exit {
    let dtype = match asked.dtype {
        WeightType::F32 => Dtype::F32,
        WeightType::Bf16 => Dtype::Bf16,
    };
    match gguf::import(&asked.model, &asked.out, dtype, &mut DataProgress::new(terminal)) {
        Ok(imported) => {
            output::out(&said(&asked.out, &imported, dtype));
            Exit::Fine
        }
        Err(fault) => super::report(&[Batch::bare(vec![*fault])], terminal),
    }
}

fn said(folder: &Path, imported: &Imported, dtype: Dtype) -> String {
    let Imported { tensors, parameters, vocab, bytes: size } = *imported;
    format!(
        "wrote {}: {tensors} tensors, {} parameters in {}, {}, vocabulary of {}\n",
        folder.display(),
        count(parameters),
        dtype.name(),
        bytes(size),
        count(vocab)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_in_the_folder() {
        let imported = Imported { tensors: 11, parameters: 1_234_567, vocab: 300, bytes: 1 << 20 };
        assert_eq!(
            said(Path::new("m"), &imported, Dtype::F32),
            "wrote m: 11 tensors, 1,234,567 parameters in float32, 1.00 MiB, vocabulary of 300\n"
        );
    }
}
