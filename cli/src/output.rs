//! Writing to the terminal or whatever stands in its place.
//!
//! A reader that goes away, as in `regimen explain | head -1`, is no mistake: what cannot be written is dropped, and the
//! command ends as it would have.

use crate::arguments::Color;
use std::io::{self, IsTerminal, Write};

/// Writes to standard output.
pub fn out(text: &str) {
    // Whoever does not read on does not want to know.
    let _ = io::stdout().lock().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());
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
