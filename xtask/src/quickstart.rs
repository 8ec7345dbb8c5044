//! `cargo xtask quickstart`: from a fresh checkout to a trained model.

use crate::tools::{regimen, root, succeed};
use crate::{data, setup};
use std::process::Command;

/// Installs, builds, fetches, trains. An earlier quickstart is kept beside the new one.
pub fn run() -> Result<(), String> {
    setup::run(setup::Flavour::Cpu)?;
    data::run()?;
    println!("building regimen (a few minutes the first time) …");
    let mut command = Command::new(regimen(true)?);
    command.current_dir(root()).args(["run", "examples/quickstart.exp", "--fresh"]);
    succeed(command, "the run did not finish; its message is above")
}
