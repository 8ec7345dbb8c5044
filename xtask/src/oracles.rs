//! `cargo xtask oracles`: makes the golden files again with the tools that Regimen is compared with, in a throw-away
//! Python environment in `.oracle/` (about 5 GB: PyTorch's own dependencies come along).

use crate::tools::{self, root, succeed};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each script and the folder of `tests/golden` that it fills.
const SCRIPTS: [(&str, &str); 12] = [
    ("models.py", ""),
    ("encoders.py", ""),
    ("classifiers.py", ""),
    ("scalars.py", ""),
    ("rewards.py", ""),
    ("pairs.py", ""),
    ("flops.py", ""),
    ("cleaning.py", "cleaning"),
    ("generation.py", "generation"),
    ("sampling.py", "sampling"),
    ("chat.py", "chat"),
    // Does nothing where `cargo xtask model` was not run.
    ("smollm2.py", "smollm2"),
];

/// Prepares the environment and runs every script.
pub fn run() -> Result<(), String> {
    prepare()?;
    let (interpreter, oracle) = (python(), root().join("tests/oracle"));
    for (script, folder) in SCRIPTS {
        println!("{script}: writing {}", Path::new("tests/golden").join(folder).display());
        let mut command = Command::new(&interpreter);
        command.arg(oracle.join(script)).arg(root().join("tests/golden").join(folder));
        succeed(command, "the script failed; its message is above")?;
    }
    Ok(())
}

/// Makes the environment if there is none, and installs what it lacks.
pub fn prepare() -> Result<(), String> {
    let environment = root().join(".oracle");
    let interpreter = python();
    if !interpreter.is_file() {
        let mut command = Command::new(tools::python()?);
        command.args(["-m", "venv"]).arg(&environment);
        succeed(command, "no environment could be made; Python's venv module is needed")?;
    }
    let mut command = Command::new(&interpreter);
    command.args(["-m", "pip", "install", "--quiet", "-r"]).arg(root().join("tests/oracle/requirements.txt"));
    succeed(command, "the oracles could not be installed; pip's message is above")
}

/// The oracles' Python, whether it is installed or not.
pub fn python() -> PathBuf {
    interpreter(&root().join(".oracle"))
}

/// The Python of an environment.
pub fn interpreter(environment: &Path) -> PathBuf {
    environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
}
