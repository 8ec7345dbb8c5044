//! `regimen show`: the configuration in force, with the origin of every value; itself a valid experiment.

use crate::arguments::Show;
use crate::exit::Exit;
use crate::output::{self, Terminal};
use crate::project::{self, Variants};
use crate::world::Effort;
use regimen_compiler::show::show as print;

/// Prints the experiment as it is after defaults, derivations, variants and `--set`.
pub fn show(asked: &Show, terminal: Terminal) -> Exit {
    let project =
        match project::open(&asked.file, &asked.changes, Effort::Cached, Variants::Named, None, terminal) {
            Ok(project) => project,
            Err(batch) => return super::report(&[batch], terminal),
        };
    let text = print(&project.front);
    let exit = super::report(&[project.into_batch()], terminal);
    // With errors, what is in force is not known.
    if exit == Exit::Fine {
        output::out(&text);
    }
    exit
}
