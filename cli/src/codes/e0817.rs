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

/// There is no such device here.
pub fn not_measurable<'a>(name: &str, possible: impl Iterator<Item = &'a str>) -> Diagnostic {
    let possible: Vec<String> = possible.map(|name| format!("`{name}`")).collect();
    Diagnostic::error(PAGE.code, format!("`{name}` cannot be measured on this machine"))
        .help(format!("what can be measured here: {}", possible.join(", ")))
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
        let message = not_measurable("h100", ["cpu"].into_iter());
        assert_eq!(message.help.as_deref(), Some("what can be measured here: `cpu`"));
        assert!(nowhere().help.is_some() && another_card("A", "B").title.ends_with("B, not A"));
    }
}
