//! E0817: hardware that cannot be measured here.

use regimen_base::{Code, CodePage, Diagnostic};

/// What `regimen explain` says.
pub static PAGE: CodePage = CodePage {
    code: Code("E0817"),
    title: "hardware that cannot be calibrated here",
    page: "\
`regimen calibrate` measures the machine that it runs on, under the name that experiments use for it. The name must be one
of the catalogue, and of a device that this machine has.

```
regimen calibrate --hardware cpu --threads 2
```

Speeds are kept among the user's settings, in `regimen/calibration/NAME.toml`; deleting the file brings the data sheet's
back.
",
};

/// The entry is that of a GPU, and none can be used here, because of `why`.
pub fn no_gpu(name: &str, why: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("`{name}` cannot be measured on this machine: {why}")).help(
        "calibrate on a machine that has one, or measure this one's CPU: `regimen calibrate --hardware cpu`",
    )
}

/// More threads than the machine has.
pub fn too_many_threads(asked: u64, cores: u64) -> Diagnostic {
    let cores_word = if cores == 1 { "core" } else { "cores" };
    Diagnostic::error(
        PAGE.code,
        format!("{asked} threads cannot be measured on a machine of {cores} {cores_word}"),
    )
    .because(
        "Threads that wait for each other's cores would be measured, and no experiment runs faster by them.",
    )
    .help(format!("measure with up to {cores}: `regimen calibrate --threads {cores}`"))
}

/// The user has no folder for settings.
pub fn nowhere() -> Diagnostic {
    Diagnostic::error(PAGE.code, "there is no folder in which the calibration could be kept")
        .help("set HOME or XDG_CONFIG_HOME to a folder that you may write to")
}

/// The catalogue's entry describes cards that the driver calls `planned`; the one here is called `found`.
pub fn another_card(planned: &str, found: &str) -> Diagnostic {
    Diagnostic::error(PAGE.code, format!("this machine's GPU is {found}, not {planned}"))
        .help("name the catalogue's entry for the GPU of this machine")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_can_be_measured() {
        assert!(no_gpu("h100_sxm", "there is no NVIDIA driver").title.contains("no NVIDIA driver"));
        assert!(too_many_threads(5_000, 2).help.is_some_and(|help| help.contains("--threads 2")));
        assert!(nowhere().help.is_some() && another_card("A", "B").title.ends_with("B, not A"));
    }
}
