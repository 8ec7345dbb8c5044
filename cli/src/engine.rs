//! Handing over to the engine, the program beside this one that is linked with libtorch.
//!
//! Loading libtorch takes hundreds of milliseconds, so only commands that compute with it load it. On Unix this process
//! becomes the engine: signals, terminal and exit status are the engine's own.

use crate::codes::e0813;
use crate::exit::Exit;
use regimen_base::Diagnostic;
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the engine should be: beside this program.
pub fn expected() -> PathBuf {
    let name = format!("regimen-engine{}", std::env::consts::EXE_SUFFIX);
    std::env::current_exe().map(|here| here.with_file_name(&name)).unwrap_or_else(|_| PathBuf::from(name))
}

/// The engine, if it is installed.
pub fn installed() -> Option<PathBuf> {
    Some(expected()).filter(|path| path.is_file())
}

/// The engine, or what to say without it.
///
/// # Errors
/// If it is not installed.
pub fn required(command: &str) -> Result<PathBuf, Diagnostic> {
    installed().ok_or_else(|| e0813::missing(command, &expected()))
}

/// Lets the engine do the rest, with `input` as its standard input. Returns only where a process cannot become
/// another, or if the engine does not start.
///
/// # Errors
/// If the engine does not start.
pub fn hand_over<A: AsRef<OsStr>>(
    engine: &Path,
    arguments: impl IntoIterator<Item = A>,
    input: Option<File>,
) -> Result<Exit, Diagnostic> {
    let mut command = Command::new(engine);
    command.args(arguments);
    // Plans say what libtorch's allocator does; these would make it do something else.
    for variable in ["PYTORCH_NO_CUDA_MEMORY_CACHING", "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF"] {
        command.env_remove(variable);
    }
    // Threads that wait for each other spin a moment and then sleep. By OpenMP's own setting they spin for so long (10 ms) that a
    // training on a machine that does something else is several times slower.
    if std::env::var_os("OMP_WAIT_POLICY").is_none() && std::env::var_os("GOMP_SPINCOUNT").is_none() {
        command.env("GOMP_SPINCOUNT", "3000");
    }
    if let Some(file) = input {
        command.stdin(Stdio::from(file));
    }
    become_it(command).map_err(|error| e0813::not_started(engine, &error))
}

#[cfg(unix)]
fn become_it(mut command: Command) -> std::io::Result<Exit> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec())
}

#[cfg(not(unix))]
fn become_it(mut command: Command) -> std::io::Result<Exit> {
    let status = command.status()?;
    // Whatever the engine said, it said itself.
    std::process::exit(status.code().unwrap_or(1))
}
