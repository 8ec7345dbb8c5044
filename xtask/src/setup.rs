//! `cargo xtask setup`: the pinned libtorch in the project's own folder, nothing anywhere else.
//!
//! libtorch comes out of the `torch` wheel, because that is the one distribution whose CPU and CUDA flavours
//! are the same build. Wheels are first downloaded into `.libtorch/wheels`, so that an interrupted set-up goes on where it
//! stopped; then unpacked beside their place, trimmed, and renamed; a stamp written last says what is there.
//! Running it again does nothing.

use crate::tools::{python, succeed};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The one version that tch 0.24 binds.
const TORCH: &str = "torch==2.11.0";

/// Without CUDA, libtorch_cpu.so still refuses to load without these two libraries.
const STUB_PACKAGES: [&str; 2] = ["nvidia-cuda-runtime==13.0.*", "nvidia-cuda-cupti==13.0.*"];

/// The wheel is picked for this Python whatever runs pip: only its libraries and headers are used.
const WHEEL_PYTHON: &str = "3.11";

/// What a program without Python and CUDA needs of `torch/lib`.
const CPU_LIBRARIES: [&str; 7] = [
    "libc10.so",
    "libtorch.so",
    "libtorch_cpu.so",
    "libgomp.so.1",
    "libc10.dylib",
    "libtorch_cpu.dylib",
    "libomp.dylib",
];

/// What it needs of `nvidia/cu13/lib`.
const CPU_NVIDIA_LIBRARIES: [&str; 2] = ["libcudart.so.13", "libcupti.so.13"];

/// Which libtorch to install.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// Only what runs on a CPU: about 480 MB.
    Cpu,
    /// With CUDA, cuDNN and NCCL: about 4.7 GB.
    Cuda,
}

impl Flavour {
    fn stamp(self) -> String {
        let name = match self {
            Flavour::Cpu => "cpu",
            Flavour::Cuda => "cuda",
        };
        format!("{TORCH} {name}\n")
    }
}

/// Installs the flavour unless it is there already.
pub fn run(flavour: Flavour) -> Result<(), String> {
    let home = project_root()?.join(".libtorch");
    let stamp = home.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == flavour.stamp()) {
        println!("libtorch is already installed: {}", home.display());
        return Ok(());
    }
    let python = python()?;
    let wheels = home.join("wheels");
    make_folder(&wheels)?;
    download(python, &wheels, flavour)?;
    // From here on the old installation is being replaced, so it no longer counts as one.
    remove(&stamp)?;
    let staging = home.join("unpacked");
    remove(&staging)?;
    unpack(python, &wheels, &staging, flavour)?;
    if flavour == Flavour::Cpu {
        trim(&staging)?;
    }
    replace(&staging, &home)?;
    remove(&wheels)?;
    fs::write(&stamp, flavour.stamp()).map_err(|e| cannot("write", &stamp, &e))?;
    println!("libtorch is installed: {} ({} MB)", home.display(), folder_bytes(&home) / 1_000_000);
    Ok(())
}

fn project_root() -> Result<PathBuf, String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(Path::to_path_buf).ok_or_else(|| format!("{} has no parent folder", here.display()))
}

fn download(python: &str, wheels: &Path, flavour: Flavour) -> Result<(), String> {
    println!("Downloading {TORCH} (530 MB once{})", if flavour == Flavour::Cuda { ", and CUDA" } else { "" });
    let mut command = pip(python, "download", flavour);
    command.arg("--dest").arg(wheels).arg(TORCH);
    if flavour == Flavour::Cpu && cfg!(target_os = "linux") {
        command.args(STUB_PACKAGES);
    }
    succeed(
        command,
        "pip could not download libtorch (its message is above): check the network connection and the free disk space, then \
         run this again; finished downloads are kept",
    )
}

fn unpack(python: &str, wheels: &Path, staging: &Path, flavour: Flavour) -> Result<(), String> {
    println!("Unpacking");
    let mut command = pip(python, "install", flavour);
    command.args([
        "--no-index",
        "--no-compile",
        "--no-warn-conflicts",
        "--root-user-action=ignore",
        "--find-links",
    ]);
    command.arg(wheels).arg("--target").arg(staging).arg(TORCH);
    if flavour == Flavour::Cpu && cfg!(target_os = "linux") {
        command.args(STUB_PACKAGES);
    }
    succeed(
        command,
        "pip could not unpack libtorch (its message is above): if a wheel in .libtorch/wheels is damaged, \
         delete that folder and run this again",
    )
}

fn pip(python: &str, verb: &str, flavour: Flavour) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "pip", verb, "--disable-pip-version-check", "--quiet", "--progress-bar", "on"]);
    command.args(["--only-binary=:all:", "--python-version", WHEEL_PYTHON, "--implementation", "cp"]);
    if flavour == Flavour::Cpu {
        command.arg("--no-deps");
    }
    command
}

/// Removes what only Python and CUDA need: nine tenths of the files, half of the bytes.
fn trim(staging: &Path) -> Result<(), String> {
    keep_only(staging, |name| name == "torch" || name == "nvidia" || name.ends_with(".dist-info"))?;
    keep_only(&staging.join("torch"), |name| ["lib", "include", "version.py"].contains(&name))?;
    keep_only(&staging.join("torch/lib"), |name| CPU_LIBRARIES.contains(&name))?;
    let nvidia = staging.join("nvidia/cu13");
    if nvidia.exists() {
        keep_only(&nvidia, |name| name == "lib")?;
        keep_only(&nvidia.join("lib"), |name| CPU_NVIDIA_LIBRARIES.contains(&name))?;
    }
    Ok(())
}

fn keep_only(folder: &Path, keep: impl Fn(&str) -> bool) -> Result<(), String> {
    for entry in list(folder)? {
        let name = entry.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !keep(&name) {
            remove(&entry)?;
        }
    }
    Ok(())
}

/// Moves everything in `staging` into `home`, over what an earlier installation left there.
fn replace(staging: &Path, home: &Path) -> Result<(), String> {
    keep_only(home, |name| ["wheels", "unpacked"].contains(&name))?;
    for entry in list(staging)? {
        let Some(name) = entry.file_name() else { continue };
        fs::rename(&entry, home.join(name)).map_err(|e| cannot("move", &entry, &e))?;
    }
    remove(staging)
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|e| cannot("read", folder, &e))?;
    entries.map(|entry| entry.map(|e| e.path()).map_err(|e| cannot("read", folder, &e))).collect()
}

fn make_folder(path: &Path) -> Result<(), String> {
    fs::create_dir_all(path).map_err(|e| cannot("create", path, &e))
}

fn remove(path: &Path) -> Result<(), String> {
    let removed = match path.symlink_metadata() {
        Err(_) => return Ok(()),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    };
    removed.map_err(|e| cannot("remove", path, &e))
}

fn cannot(verb: &str, path: &Path, error: &std::io::Error) -> String {
    format!("cannot {verb} {}: {error}", path.display())
}

fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = list(folder) else { return 0 };
    entries
        .iter()
        .map(|path| if path.is_dir() { folder_bytes(path) } else { path.metadata().map_or(0, |m| m.len()) })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trimming_keeps_libraries_headers_and_licences_only() {
        let root = std::env::temp_dir().join(format!("regimen-setup-{}", std::process::id()));
        let files = [
            "torch/lib/libtorch_cpu.so",
            "torch/lib/libtorch_cuda.so",
            "torch/include/ATen/ATen.h",
            "torch/nn/modules.py",
            "torch-2.11.0.dist-info/LICENSE",
            "nvidia/cu13/lib/libcudart.so.13",
            "nvidia/cu13/lib/libnvperf_host.so",
            "bin/torchrun",
        ];
        for file in files {
            let path = root.join(file);
            make_folder(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        trim(&root).unwrap();
        let left: Vec<bool> = files.iter().map(|file| root.join(file).exists()).collect();
        remove(&root).unwrap();
        assert_eq!(left, [true, false, true, false, true, true, false, false]);
        assert!(!root.exists());
    }
}
