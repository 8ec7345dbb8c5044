//! One file per command: what it does, in the words of the other modules.

pub mod explain;
pub mod fmt;
pub mod init;

use crate::arguments::{Arguments, Command, DiagnosticFormat};
use crate::exit::Exit;
use crate::output::Terminal;
use crate::render::{self, Batch};

/// Does what was asked.
pub fn dispatch(arguments: &Arguments) -> Exit {
    let terminal = Terminal::of_stderr(arguments.color);
    match &arguments.command {
        Command::Fmt(asked) => fmt::fmt(asked, terminal),
        Command::Explain(asked) => explain::explain(asked, terminal),
        Command::Init(asked) => init::init(asked, terminal),
        _ => Exit::Usage,
    }
}

/// Prints diagnostics for people; the exit that they lead to.
fn report(batches: &[Batch], terminal: Terminal) -> Exit {
    render::print(batches, DiagnosticFormat::Text, terminal);
    batches.iter().fold(Exit::Fine, |exit, batch| exit.and(Exit::of(&batch.diagnostics)))
}
