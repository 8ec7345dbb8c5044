//! E0905: there is no GPU that CUDA 13 can use.

use regimen_base::{Code, CodePage, Diagnostic};

pub(super) const PAGE: CodePage = CodePage {
    code: Code("E0905"),
    title: "no GPU can be used",
    page: "\
The plan is for an NVIDIA GPU, and this machine has none that can be used: the driver is missing or older than CUDA 13, the driver
counts no GPU, or a library is missing. Nothing has run.

Regimen finds everything at run time. It needs

- an NVIDIA driver of version 580 or newer (`nvidia-smi` shows it);
- libtorch 2.11.0 with CUDA, cuDNN, cuBLASLt and NVRTC, which `cargo xtask setup --cuda` installs in the project's folder. To use
  those of a Python environment, put its `torch/lib` into `LD_LIBRARY_PATH`.

**Fix.** Install what the message names, or plan for a CPU: declare `hardware laptop : cpu {}`, and let the stage run `on = laptop`.
",
};

/// `what` is missing, because of `why`.
pub fn no_gpu(what: &str, why: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("the plan is for a GPU, but {what}"))
        .because(why.to_owned())
        .help("`regimen explain E0905` lists what is needed; a stage runs on a CPU with `hardware laptop : cpu {}` and `on = laptop`")
}

/// Versions as the driver gives them: 13000 is CUDA 13.0.
pub fn old_driver(found: i32, needed: i32) -> Diagnostic {
    let name = |version: i32| format!("{}.{}", version / 1000, version % 1000 / 10);
    no_gpu(
        &format!("the NVIDIA driver is too old: it runs CUDA {}, {} is needed", name(found), name(needed)),
        "Driver 580 is the first that runs CUDA 13.0.",
    )
}

/// Capabilities as 80 for 8.0.
pub fn old_gpu(name: &str, found: u32, needed: u32) -> Diagnostic {
    let version = |capability: u32| format!("{}.{}", capability / 10, capability % 10);
    no_gpu(
        &format!(
            "{name} is too old: its compute capability is {}, {} is needed",
            version(found),
            version(needed)
        ),
        "Kernels use bf16 and asynchronous copies, which came with 8.0 (Ampere). Older cards can be planned for, not run.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_driver_is_told_by_its_cuda_version() {
        let diagnostic = old_driver(12_040, 13_000);
        assert!(diagnostic.title.ends_with("it runs CUDA 12.4, 13.0 is needed"), "{}", diagnostic.title);
    }
}
