//! The command line of Regimen: arguments, files, output. What it prints is computed elsewhere.
//!
//! There are two programs. `regimen` parses, checks, plans and formats; it never loads libtorch and answers in
//! milliseconds. `regimen-engine` (cargo feature `libtorch`) executes plans; `regimen` becomes it when something is to be
//! computed. This library is what both share.

#![allow(
    clippy::result_large_err,
    reason = "a diagnostic is large, and is made at most once on the way to the end"
)]

pub mod arguments;
pub mod calibration;
pub mod cleaning;
pub mod codes;
pub mod commands;
pub mod engine;
pub mod exit;
pub mod files;
pub mod output;
pub mod pages;
pub mod progress;
pub mod project;
pub mod render;
pub mod shell;
pub mod world;

use clap::Parser as _;
use std::process::ExitCode;

/// Runs `regimen` with the arguments of this process.
pub fn main() -> ExitCode {
    match arguments::Arguments::try_parse() {
        Ok(arguments) => output::ended(commands::dispatch(&arguments).into()),
        // Help and version are "errors" too, with status 0; usage errors have status 2.
        Err(error) => {
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
    }
}
