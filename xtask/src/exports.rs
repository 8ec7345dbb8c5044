//! `cargo xtask exports`: what Regimen trains loads in transformers and gives the same numbers.
//!
//! Small models of every family are trained and exported, transformers loads them and computes logits of the same tokens; those of models
//! whose weights are fixed become golden files, so that CI checks exports without transformers.

use crate::oracles;
use crate::tools::{cannot, cargo, regimen, remove, root, succeed, target_folder};
use std::path::Path;
use std::process::Command;

/// Stages of `tests/oracle/exports.exp`.
const STAGES: [&str; 4] = ["bert", "roberta", "roberta_of_bytes", "deberta"];

/// Trains, exports, compares and writes the golden files.
pub fn run() -> Result<(), String> {
    oracles::prepare()?;
    let work = target_folder()?.join("exports");
    remove(&work)?;
    let (models, trained) = (work.join("models"), work.join("trained"));
    for folder in [&models.join("seeded"), &models.join("trained"), &trained] {
        std::fs::create_dir_all(folder).map_err(|e| cannot("make", folder, &e))?;
    }
    let test = ["test", "--release", "-p", "regimen-runtime", "--test", "exports", "--"];
    let mut command = cargo(&[&test[..], &["--ignored", "write_for_transformers"]].concat());
    command.env("REGIMEN_EXPORTS", &models);
    succeed(command, "the models could not be written")?;
    train(&work, &trained)?;
    let mut command = Command::new(oracles::python());
    command
        .arg(root().join("tests/oracle/exports.py"))
        .arg(&models)
        .arg(root().join("tests/golden/exports"))
        .arg(&trained);
    succeed(command, "transformers has other numbers; its message is above")
}

/// Trains with the command line, and exports.
fn train(work: &Path, exports: &Path) -> Result<(), String> {
    let regimen = regimen(true)?;
    let experiment = work.join("exports.exp");
    let failed = |e: std::io::Error| cannot("write into", work, &e);
    std::fs::copy(root().join("tests/oracle/exports.exp"), &experiment).map_err(failed)?;
    std::fs::write(work.join("texts.txt"), texts()).map_err(failed)?;
    let mut command = Command::new(&regimen);
    command.arg("run").arg(&experiment);
    succeed(command, "the experiment did not run")?;
    for stage in STAGES {
        let mut command = Command::new(&regimen);
        command.arg("export").arg(work.join("runs/exports").join(stage)).arg(exports.join(stage));
        succeed(command, "a model could not be exported")?;
    }
    Ok(())
}

/// Sentences enough for a vocabulary and a few steps.
fn texts() -> String {
    let line =
        |n: u32| format!("The {n}th play has {} acts. Its {} scenes are read aloud.\n\n", n % 7, n * n % 31);
    (0..400).map(line).collect()
}
