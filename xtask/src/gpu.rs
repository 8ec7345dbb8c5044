//! `cargo xtask gpu-test` and `gpu-bench`: what only a GPU can show. Both build here, put what is needed into `.carry/`, and run it
//! where a GPU is present; elsewhere they say what to copy, and what to run there. The other machine needs Python with torch, no Rust.

use crate::tools::{answers, cargo, output, python, regimen, root, succeed};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder that travels.
const CARRY: &str = ".carry";
/// What runs there.
const SCRIPT: &str = "tests/gpu/run.py";

/// Tests of the runtime that need a GPU.
pub fn test() -> Result<(), String> {
    carry(&[target("test", "cuda")?, regimen(true)?])?;
    there("test", "tests/gpu, examples")
}

/// Speed against nanoGPT, memory, losses, predicted against measured times.
pub fn bench() -> Result<(), String> {
    let regimen = regimen(true)?;
    let engine = regimen.with_file_name(format!("regimen-engine{}", std::env::consts::EXE_SUFFIX));
    carry(&[target("bench", "gpu")?, regimen, engine])?;
    there(
        "bench",
        "tests/gpu, examples (with the plays), .peer (with nanoGPT's model.py as nanogpt_model.py)",
    )
}

/// The executable of a test or benchmark of the runtime.
fn target(kind: &str, name: &str) -> Result<PathBuf, String> {
    let mut command = cargo(&["build", "--release", "--package", "regimen-runtime", "--message-format=json"]);
    command.args([format!("--{kind}"), name.to_owned()]);
    let text = output(command, &format!("{name} does not build; the compiler's messages are above"))?;
    let executable = text.lines().filter_map(|line| executable(line, name)).next_back();
    executable.ok_or_else(|| format!("cargo does not say where {name} is"))
}

/// The executable that a line of cargo's messages names, if it is this target's.
fn executable(line: &str, name: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    (message["target"]["name"] == name).then(|| message["executable"].as_str().map(PathBuf::from))?
}

/// Copies executables under their plain names, without what only debuggers read.
fn carry(executables: &[PathBuf]) -> Result<(), String> {
    let folder = root().join(CARRY);
    fs::create_dir_all(&folder).map_err(|e| format!("cannot create {}: {e}", folder.display()))?;
    for executable in executables {
        let to = folder.join(plain(executable));
        fs::copy(executable, &to).map_err(|e| format!("cannot copy to {}: {e}", to.display()))?;
        if answers("strip", &["--version"]) {
            let mut command = Command::new("strip");
            command.arg(&to);
            succeed(command, "strip failed")?;
        }
    }
    Ok(())
}

/// `cuda-0123456789abcdef` is `cuda`.
fn plain(executable: &Path) -> String {
    let name = executable.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    match name.rsplit_once('-') {
        Some((plain, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            plain.to_owned()
        }
        _ => name.to_owned(),
    }
}

fn there(what: &str, with: &str) -> Result<(), String> {
    if answers("nvidia-smi", &["--list-gpus"]) {
        let mut command = Command::new(python()?);
        command.current_dir(root()).args([SCRIPT, what]);
        return succeed(command, "it failed on the GPU; the messages are above");
    }
    println!("This machine has no GPU. Copy to one that has, with Python and torch 2.11.0: {CARRY}, {with}.");
    println!("There, in the folder that holds them:\n\n  python3 {SCRIPT} {what}\n");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_hash_is_no_part_of_the_name() {
        assert_eq!(plain(Path::new("/t/release/deps/cuda-0123456789abcdef")), "cuda");
        assert_eq!(plain(Path::new("/t/release/regimen-engine")), "regimen-engine");
    }

    #[test]
    fn the_executable_is_that_of_the_target() {
        let line = r#"{"reason":"compiler-artifact","target":{"name":"cuda"},"executable":"/t/cuda-1"}"#;
        assert_eq!(executable(line, "cuda"), Some(PathBuf::from("/t/cuda-1")));
        assert_eq!(executable(line, "gpu"), None);
        assert_eq!(executable("no JSON", "gpu"), None);
    }
}
