//! `regimen init`: a commented experiment to start from.

use crate::arguments::Init;
use crate::codes::{e0811, e0814};
use crate::exit::Exit;
use crate::output::{self, Terminal};
use crate::render::Batch;
use regimen_base::Diagnostic;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

/// What is written. The experiment's name is the file's.
const STARTER: &str = include_str!("starter.exp");

/// Writes the starter unless the file exists.
pub fn init(asked: &Init, terminal: Terminal) -> Exit {
    match write(&asked.file) {
        Ok(()) => {
            output::out(&next_steps(&asked.file));
            Exit::Fine
        }
        Err(diagnostic) => super::report(&[Batch::bare(vec![diagnostic])], terminal),
    }
}

fn write(path: &Path) -> Result<(), Diagnostic> {
    let text = STARTER.replace("starter", &name_of(path));
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => e0814::exists(path),
        _ => e0811::unwritable(path, &error),
    })
}

/// The file's name as a name of the language.
fn name_of(path: &Path) -> String {
    let stem = path.file_stem().map(|s| s.to_string_lossy().to_lowercase()).unwrap_or_default();
    let mut name: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || name == "experiment" {
        name = "my_experiment".to_string();
    }
    name
}

fn next_steps(path: &Path) -> String {
    let path = path.display();
    format!(
        "Wrote {path}. What comes next:\n\
         \n\
         \x20 put some text files (*.txt) into the folder `data` beside it\n\
         \x20 regimen plan {path}     what a run will do and need, before it starts\n\
         \x20 regimen run {path}      train\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_experiment_is_named_after_its_file() {
        assert_eq!(name_of(Path::new("a/My first-try.exp")), "my_first_try");
        for odd in ["2024.exp", "experiment.exp", "..", "été.exp"] {
            let name = name_of(Path::new(odd));
            assert!(name.starts_with(|c: char| c.is_ascii_alphabetic()), "{odd}: {name}");
        }
    }

    #[test]
    fn the_starter_is_in_style() {
        assert_eq!(regimen_grammar::format(STARTER).as_deref(), Ok(STARTER));
    }
}
