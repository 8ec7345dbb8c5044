//! Writing to the terminal or whatever stands in its place.
//!
//! A reader that goes away, as in `regimen explain | head -1`, is no mistake: what cannot be written is dropped, and the
//! command ends as it would have. Anything else that keeps output from being written, such as a full disk, is an error.

use crate::arguments::Color;
use crate::exit::Exit;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::OnceLock;

/// Writes to standard output.
pub fn out(text: &str) {
    let mut stdout = io::stdout().lock();
    if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
        // Whoever does not read on does not want to know.
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        // The first failure is told at the end.
        let _ = FAILED.set(error);
    }
}

/// What kept standard output from being written.
static FAILED: OnceLock<io::Error> = OnceLock::new();

/// How a process ends that would end so: standard output that could not be written is an error.
pub fn ended(exit: ExitCode) -> ExitCode {
    let Some(error) = FAILED.get() else { return exit };
    err(&format!("error[E0811]: standard output cannot be written: {error}\n"));
    if exit == ExitCode::SUCCESS { Exit::Errors.into() } else { exit }
}

/// Writes a message to standard error.
pub fn err(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// What standard error can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Whether it is a terminal at all: lines may be overwritten.
    pub live: bool,
    /// Whether colours are wanted.
    pub color: bool,
    /// Columns.
    pub width: usize,
}

impl Terminal {
    /// Widest text that reads well.
    const WIDEST: usize = 110;
    /// Width where there is no terminal, so that output is the same everywhere.
    const ELSEWHERE: usize = 100;

    /// Looks at standard error; `NO_COLOR` and a dumb terminal turn colours off.
    pub fn of_stderr(color: Color) -> Terminal {
        let live = io::stderr().is_terminal();
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = match color {
            Color::Auto => live && !dumb && !unwanted,
            Color::Always => true,
            Color::Never => false,
        };
        let width = if live { columns() } else { Self::ELSEWHERE };
        Terminal { live: live && !dumb, color, width }
    }
}

fn columns() -> usize {
    let size = terminal_size::terminal_size_of(io::stderr());
    let columns = size.map_or(Terminal::ELSEWHERE, |(width, _)| usize::from(width.0));
    columns.clamp(40, Terminal::WIDEST)
}
