//! Where measured speeds of this machine are kept: with the user, because they belong to a machine, not to an experiment.

use std::env;
use std::path::PathBuf;

/// The file for hardware of this name; `None` if the name is no plain name or the user has no folder.
pub fn path(hardware: &str) -> Option<PathBuf> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if hardware.is_empty() || !hardware.chars().all(plain) {
        return None;
    }
    Some(folder()?.join("calibration").join(format!("{hardware}.toml")))
}

/// Regimen's folder among the user's settings.
fn folder() -> Option<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let settings = absolute("XDG_CONFIG_HOME")
        .or_else(|| absolute("APPDATA"))
        .or_else(|| absolute("HOME").map(|home| home.join(".config")));
    settings.map(|settings| settings.join("regimen"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_become_paths() {
        for wrong in ["", "../x", "a/b", "a.b", "a\\b", "é"] {
            assert_eq!(path(wrong), None, "{wrong:?}");
        }
    }
}
