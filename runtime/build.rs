//! Compiles the C++ shim and tells the linker where libtorch is.
//!
//! libtorch is found through `LIBTORCH`, which `.cargo/config.toml` sets to the folder that `cargo xtask setup` fills.
//! Files in `shim/kernels` are plain C++ without libtorch's headers; they are compiled once per instruction set, and the
//! shim picks one set when it starts. Files in `shim` itself are compiled once.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Name of the C++ namespace, and the compiler's flags for it. Multiply and add are contracted where the set has a fused
/// instruction (the compiler's default): faster and more exact, and the reason why results repeat bit for bit only
/// within one instruction set.
const INSTRUCTION_SETS: [(&str, &[&str]); 3] = [
    ("baseline", &[]),
    ("avx2", &["-mavx2", "-mfma", "-mf16c"]),
    (
        "avx512",
        &[
            "-mavx512f",
            "-mavx512vl",
            "-mavx512bw",
            "-mavx512dq",
            "-mavx2",
            "-mfma",
            "-mf16c",
            "-mprefer-vector-width=512",
        ],
    ),
];

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), String> {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    println!("cargo:rerun-if-changed=shim");
    let libtorch = find_libtorch()?;
    let x86 = std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "x86_64");
    compile_shim(&libtorch, x86)?;
    for (name, flags) in INSTRUCTION_SETS.iter().filter(|(name, _)| x86 || *name == "baseline") {
        compile_kernels(name, flags)?;
    }
    link(&libtorch);
    Ok(())
}

fn find_libtorch() -> Result<PathBuf, String> {
    let libtorch = std::env::var_os("LIBTORCH").map(PathBuf::from).unwrap_or_default();
    if libtorch.join("include/ATen/ATen.h").exists() {
        return Ok(libtorch);
    }
    Err(format!(
        "there is no libtorch in `{}`: run `cargo xtask setup` once, then build again",
        libtorch.display()
    ))
}

fn compile_shim(libtorch: &Path, x86: bool) -> Result<(), String> {
    let mut build = cpp();
    build.include(libtorch.join("include")).include(libtorch.join("include/torch/csrc/api/include"));
    build.flag("-fopenmp").define("_GLIBCXX_USE_CXX11_ABI", "1").opt_level(2);
    if x86 {
        build.define("RGM_X86", None);
    }
    build.files(sources("shim")?).try_compile("regimen_shim").map_err(|e| format!("the C++ shim: {e}"))
}

fn compile_kernels(name: &str, flags: &[&str]) -> Result<(), String> {
    let mut build = cpp();
    build.define("RGM_SET", name).opt_level(3).flag("-fno-math-errno").flag("-fno-trapping-math");
    for flag in flags {
        build.flag(flag);
    }
    let library = format!("regimen_kernels_{name}");
    build.files(sources("shim/kernels")?).try_compile(&library).map_err(|e| format!("the C++ kernels: {e}"))
}

fn cpp() -> cc::Build {
    let mut build = cc::Build::new();
    build.cpp(true).pic(true).std("c++17").warnings(false).debug(false);
    build
}

fn sources(folder: &str) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("cannot read {folder}: {e}"))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|e| e.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "cpp"));
    files.sort();
    Ok(files)
}

/// Libraries are found at run time through RUNPATH, which LD_LIBRARY_PATH overrides on a machine with another libtorch.
/// `rustc-link-arg` reaches only this package's own tests and benches; the binary's build script repeats it with
/// `DEP_REGIMEN_SHIM_LIBTORCH_LIB`.
fn link(libtorch: &Path) {
    let lib = libtorch.join("lib");
    println!("cargo:libtorch_lib={}", lib.display());
    println!("cargo:rustc-link-search=native={}", lib.display());
    println!("cargo:rustc-link-lib=dylib=torch_cpu");
    println!("cargo:rustc-link-lib=dylib=c10");
    println!("cargo:rustc-link-arg=-Wl,--enable-new-dtags,-rpath,{}", lib.display());
}
