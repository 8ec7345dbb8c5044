//! Everything a developer of Regimen runs besides cargo itself.

mod setup;

use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask COMMAND

Commands:
  setup [--cuda]   Install the pinned libtorch into .libtorch/ (about 480 MB; with --cuda about 4.7 GB)
  help             Show this text
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["setup"] => report(setup::run(setup::Flavour::Cpu)),
        ["setup", "--cuda"] => report(setup::run(setup::Flavour::Cuda)),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        other => {
            eprintln!("error: unknown command or option: {}\n\n{HELP}", other.join(" "));
            ExitCode::from(2)
        }
    }
}

fn report(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
