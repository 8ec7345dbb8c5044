//! Commands that are the engine's alone: it reads the same command line.

use crate::engine;
use crate::exit::Exit;
use crate::output::Terminal;
use crate::render::Batch;

/// Lets the engine do what this process was asked; the command line was checked already.
pub fn delegate(command: &str, terminal: Terminal) -> Exit {
    let outcome = engine::required(command)
        .and_then(|engine| engine::hand_over(&engine, std::env::args_os().skip(1), None));
    outcome.unwrap_or_else(|diagnostic| super::report(&[Batch::bare(vec![diagnostic])], terminal))
}
