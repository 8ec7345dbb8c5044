//! `regimen check`: everything that can be known without reading data or computing.

use crate::arguments::{Check, DiagnosticFormat};
use crate::exit::Exit;
use crate::output::{self, Terminal};
use crate::project::{self, Variants};
use crate::render::summary::{counts, plural};
use crate::render::{self, Batch};
use crate::world::Effort;
use regimen_base::diagnostic::any_errors;
use std::path::Path;

/// Checks every file on its own.
pub fn check(asked: &Check, terminal: Terminal) -> Exit {
    let batches: Vec<Batch> = asked.files.iter().map(|file| check_one(file, asked, terminal)).collect();
    render::print(&batches, asked.format, terminal);
    if asked.format == DiagnosticFormat::Text {
        let files = asked.files.len();
        let fine = || format!("no mistakes in {}", plural(files, "file"));
        output::err(&format!("{}\n", counts(&batches, files).unwrap_or_else(fine)));
    }
    batches.iter().fold(Exit::Fine, |exit, batch| exit.and(Exit::of(&batch.diagnostics)))
}

fn check_one(file: &Path, asked: &Check, terminal: Terminal) -> Batch {
    match project::open(file, &asked.changes, Effort::Cached, Variants::Every, None, terminal) {
        Ok(mut project) => {
            // Budgets are part of the program: they are checked like types.
            if !any_errors(&project.diagnostics) {
                project.check();
            }
            project.into_batch()
        }
        Err(batch) => batch,
    }
}
