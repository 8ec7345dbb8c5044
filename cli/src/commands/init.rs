//! `regimen init`: a commented experiment to start from.

use crate::arguments::Init;
use crate::codes::{e0811, e0814};
use crate::exit::Exit;
use crate::output::{self, Terminal};
use crate::render::Batch;
use crate::shell::quoted;
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
    let text = starter(path);
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => e0814::exists(path),
        _ => e0811::unwritable(path, &error),
    })
}

/// The commands in the comments name the file as it is; the experiment's name is one of the language.
fn starter(path: &Path) -> String {
    let file = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    // A line break would end the comment.
    let file = if file.chars().any(char::is_control) { "FILE".to_string() } else { quoted(&file) };
    let with_name = |part: &str| part.replace("starter", &name_of(path));
    STARTER.split("starter.exp").map(with_name).collect::<Vec<_>>().join(&file)
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
    let (written, path) = (path.display(), quoted(&path.to_string_lossy()));
    format!(
        "Wrote {written}. What comes next:\n\
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
    fn commands_name_the_file_that_is_there() {
        for (file, shown) in [
            ("größe.exp", "plan größe.exp "),
            ("a/my exp-1.exp", "plan 'my exp-1.exp' "),
            ("noext", "run noext "),
            ("starter.exp", "check starter.exp "),
            ("a\nb.exp", "check FILE "),
        ] {
            let text = starter(Path::new(file));
            assert!(text.contains(&format!("regimen {shown}")), "{file}: {text}");
            assert!(text.contains(&format!("experiment {} {{", name_of(Path::new(file)))), "{file}: {text}");
        }
        assert!(next_steps(Path::new("a/my exp.exp")).contains("regimen run 'a/my exp.exp' "));
    }

    #[test]
    fn the_starter_is_in_style() {
        assert_eq!(regimen_grammar::format(STARTER).as_deref(), Ok(STARTER));
    }
}
