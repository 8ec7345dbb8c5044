//! `regimen-engine`: the program that is linked with libtorch. `regimen` starts it; its command line is for `regimen` only,
//! except where both share one.

#![allow(
    clippy::result_large_err,
    reason = "a diagnostic is large, and is made at most once on the way to the end"
)]

mod arguments;
mod calibrate;
mod conversation;
mod evaluate;
mod export;
mod folds;
mod generate;
mod model;
mod observer;
mod report;
mod run;

use arguments::{Arguments, Command};
use clap::Parser as _;
use regimen_base::{CodePage, Diagnostic};
use regimen_cli::arguments::{DiagnosticFormat, ReferencePage};
use regimen_cli::commands::explain;
use regimen_cli::exit::Exit;
use regimen_cli::output::{self, Terminal};
use regimen_cli::pages;
use regimen_cli::render::{self, Batch};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(2);
        }
    };
    let terminal = Terminal::of_stderr(arguments.color);
    output::ended(match &arguments.command {
        Command::RunPlans(asked) => run::run(asked, terminal),
        Command::Generate(asked) => ended(generate::generate(asked, terminal), terminal),
        Command::Evaluate(asked) => ended(evaluate::evaluate(asked, terminal), terminal),
        Command::Export(asked) => ended(export::export(asked).map_err(one), terminal),
        Command::Calibrate(asked) => ended(calibrate::calibrate(asked), terminal),
        Command::Explain(asked) => explain::print(asked, &all_pages()).into(),
        Command::Reference(asked) => reference(asked.page),
    })
}

/// The pages of all crates.
fn all_pages() -> Vec<&'static CodePage> {
    let own: Vec<&CodePage> =
        regimen_runtime::codes::ALL.iter().chain(regimen_runtime::run::codes::ALL).collect();
    pages::all(&own)
}

fn reference(page: ReferencePage) -> ExitCode {
    output::out(&match page {
        ReferencePage::Language => regimen_compiler::reference::language_reference(),
        ReferencePage::Errors => regimen_compiler::reference::error_index(&all_pages()),
    });
    Exit::Fine.into()
}

/// Shows what went wrong, if anything did.
fn ended(outcome: Result<(), Vec<Diagnostic>>, terminal: Terminal) -> ExitCode {
    match outcome {
        Ok(()) => Exit::Fine.into(),
        Err(diagnostics) => complain(diagnostics, terminal).into(),
    }
}

/// A diagnostic on its way up, where several are expected.
fn one(diagnostic: Diagnostic) -> Vec<Diagnostic> {
    vec![diagnostic]
}

/// Shows diagnostics that point at no text.
fn complain(diagnostics: Vec<Diagnostic>, terminal: Terminal) -> Exit {
    let exit = Exit::of(&diagnostics);
    render::print(&[Batch::bare(diagnostics)], DiagnosticFormat::Text, terminal);
    exit
}
