//! `regimen reference`: pages generated from the code, which `cargo xtask regenerate` keeps in `docs/`.

use crate::arguments::{Reference, ReferencePage};
use crate::engine;
use crate::exit::Exit;
use crate::output::{self, Terminal};
use crate::render::Batch;

/// Prints a page. The error index needs the engine, because its codes are in it.
pub fn reference(asked: &Reference, terminal: Terminal) -> Exit {
    match asked.page {
        ReferencePage::Language => {
            output::out(&regimen_compiler::reference::language_reference());
            Exit::Fine
        }
        ReferencePage::Errors => {
            let outcome = engine::required("reference errors")
                .and_then(|engine| engine::hand_over(&engine, ["reference", "errors"], None));
            outcome.unwrap_or_else(|diagnostic| super::report(&[Batch::bare(vec![diagnostic])], terminal))
        }
    }
}
