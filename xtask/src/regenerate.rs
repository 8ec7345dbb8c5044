//! `cargo xtask regenerate`: everything in the repository that is made from something else.

use crate::tools::{cargo, output, regimen, root, succeed};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Whether to write or only to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Writes what differs.
    Write,
    /// Fails if anything differs.
    Check,
}

/// Pages of the documentation, with the command that prints them.
const PAGES: [(&str, &str); 2] = [("language", "docs/language.md"), ("errors", "docs/errors.md")];

/// Regenerates, or compares. Snapshots are compared by the tests themselves.
pub fn run(mode: Mode) -> Result<(), String> {
    let regimen = regimen(true)?;
    let mut stale = vec![];
    for (page, path) in PAGES {
        let mut command = Command::new(&regimen);
        command.args(["reference", page]);
        let text = output(command, &format!("the page `{page}` cannot be generated"))?;
        if put(&root().join(path), &text, mode)? {
            stale.push(path);
        }
    }
    if mode == Mode::Check {
        return if stale.is_empty() {
            println!("docs are what the code says");
            Ok(())
        } else {
            Err(format!("{} not what the code says: run `cargo xtask regenerate`", stale.join(" and ")))
        };
    }
    let mut command = cargo(&["test", "--release", "--workspace", "--quiet"]);
    command.env("INSTA_UPDATE", "always").env("INSTA_FORCE_PASS", "1");
    succeed(command, "tests fail for other reasons than their snapshots")?;
    println!("regenerated; `git diff` shows what changed");
    Ok(())
}

/// Whether the file differed.
fn put(path: &Path, text: &str, mode: Mode) -> Result<bool, String> {
    let differs = fs::read_to_string(path).ok().as_deref() != Some(text);
    if differs && mode == Mode::Write {
        fs::write(path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        println!("wrote {}", path.display());
    }
    Ok(differs)
}
