//! A throw-away folder in which `regimen` is run as a user would.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]
#![allow(dead_code, reason = "every test file uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A small experiment without mistakes; its data is one file.
pub const GOOD: &str = include_str!("good.exp");

/// The folder; it is removed with the value.
pub struct Bench {
    folder: TempDir,
}

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Said {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Bench {
    pub fn new() -> Bench {
        Bench { folder: tempfile::tempdir().unwrap() }
    }

    /// With `good.exp` and its data.
    pub fn good() -> Bench {
        let bench = Bench::new();
        bench.write("good.exp", GOOD);
        bench.write("data/a.txt", "To be, or not to be, that is the question.\n".repeat(200));
        bench.write("data/b.txt", "Whether 'tis nobler in the mind to suffer\n".repeat(50));
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// `regimen` in this folder, with nothing of the user's own settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_regimen"));
        command.current_dir(self.folder.path()).args(arguments).stdin(Stdio::null());
        command.env("XDG_CONFIG_HOME", self.folder.path()).env_remove("NO_COLOR");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        Said::of(self.command(arguments).output().unwrap())
    }
}

impl Said {
    pub fn of(output: Output) -> Said {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said {
            status: output.status.code().unwrap_or(-1),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

/// The examples.
pub fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "exp"));
    files.sort();
    files
}
