//! Running other programs in the project's folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder of the workspace.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// cargo, in the project's folder.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments);
    command
}

/// Runs a program and shows what it says.
pub fn succeed(mut command: Command, otherwise: &str) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(otherwise.to_owned()),
        Err(error) => Err(format!("{otherwise} ({error})")),
    }
}

/// Runs a program and returns what it prints.
pub fn output(mut command: Command, otherwise: &str) -> Result<String, String> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|e| format!("{otherwise} ({e})"))?;
    if !output.status.success() {
        return Err(otherwise.to_owned());
    }
    String::from_utf8(output.stdout).map_err(|_| format!("{otherwise} (its output is not text)"))
}

/// Whether a program answers.
pub fn answers(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// A Python that has pip.
pub fn python() -> Result<&'static str, String> {
    let has_pip = |python: &&str| answers(python, &["-m", "pip", "--version"]);
    ["python3", "python"].into_iter().find(has_pip).ok_or_else(|| {
        "no Python with pip found: install python3 and pip (for example `apt install python3-pip`) and run this again"
            .to_string()
    })
}

/// The built `regimen`, release profile, with or without the engine beside it.
pub fn regimen(engine: bool) -> Result<PathBuf, String> {
    let mut arguments = vec!["build", "--release", "--package", "regimen", "--bins"];
    if !engine {
        arguments.push("--no-default-features");
    }
    succeed(cargo(&arguments), "regimen does not build; the compiler's messages are above")?;
    let name = format!("regimen{}", std::env::consts::EXE_SUFFIX);
    Ok(target_folder()?.join("release").join(name))
}

/// Where cargo builds.
pub fn target_folder() -> Result<PathBuf, String> {
    let metadata = metadata(&["--no-deps"])?;
    let folder = metadata.get("target_directory").and_then(|folder| folder.as_str());
    folder.map(PathBuf::from).ok_or_else(|| "cargo does not say where it builds".to_string())
}

/// What cargo knows of the workspace, without asking the network.
pub fn metadata(arguments: &[&str]) -> Result<serde_json::Value, String> {
    let mut command = cargo(&["metadata", "--offline", "--format-version", "1"]);
    command.args(arguments);
    let text = output(command, "cargo metadata failed; its message is above")?;
    serde_json::from_str(&text).map_err(|e| format!("cargo metadata cannot be read: {e}"))
}

/// Removes a folder with everything in it, if it is there.
pub fn remove(folder: &Path) -> Result<(), String> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(|e| cannot("remove", folder, &e))
    } else {
        Ok(())
    }
}

/// What could not be done to which path, and why.
pub fn cannot(verb: &str, path: &Path, error: &std::io::Error) -> String {
    format!("cannot {verb} {}: {error}", path.display())
}
