//! `regimen`: everything but computing.

use std::process::ExitCode;

fn main() -> ExitCode {
    regimen_cli::main()
}
