//! `regimen export`: a checkpoint in Hugging Face's layout.

use regimen_base::Diagnostic;
use regimen_cli::arguments::Export;
use regimen_cli::output;
use regimen_compiler::planning::show::{bytes, counted};
use regimen_runtime::checkpoint::Checkpoint;
use regimen_runtime::exchange::{self, Form};

/// Writes the folder and says what is in it.
pub fn export(asked: &Export) -> Result<(), Diagnostic> {
    let checkpoint = Checkpoint::open(&asked.checkpoint)?;
    let form = Form { shard: asked.shard_size, generator: asked.generator };
    let exported = exchange::export(&checkpoint, &asked.folder, form)?;
    output::out(&format!(
        "wrote {}: {}{}, {}, after step {} of stage {}\n",
        asked.folder.display(),
        counted(exported.tensors as u64, "tensor"),
        if exported.files > 1 { format!(" in {} files", exported.files) } else { String::new() },
        bytes(exported.bytes),
        checkpoint.manifest.step,
        checkpoint.manifest.stage
    ));
    Ok(())
}
