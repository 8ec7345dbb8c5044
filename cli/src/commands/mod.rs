//! One file per command: what it does, in the words of the other modules.

pub mod check;
pub mod data;
pub mod delegate;
pub mod explain;
pub mod fmt;
pub mod import;
pub mod init;
pub mod plan;
pub mod reference;
pub mod run;
pub mod show;

use crate::arguments::{Arguments, Color, Command, DiagnosticFormat};
use crate::exit::Exit;
use crate::output::Terminal;
use crate::render::{self, Batch};
use std::ffi::OsString;

/// Does what was asked.
pub fn dispatch(arguments: &Arguments) -> Exit {
    let terminal = Terminal::of_stderr(arguments.color);
    match &arguments.command {
        Command::Check(asked) => check::check(asked, terminal),
        Command::Plan(asked) => plan::plan(asked, terminal),
        Command::Data(asked) => data::data(asked, terminal),
        Command::Run(asked) => run::run(asked, arguments.color, terminal),
        Command::Show(asked) => show::show(asked, terminal),
        Command::Fmt(asked) => fmt::fmt(asked, terminal),
        Command::Explain(asked) => explain::explain(asked, terminal),
        Command::Init(asked) => init::init(asked, terminal),
        Command::Import(asked) => import::import(asked, terminal),
        Command::Generate(_) => delegate::delegate("generate", terminal),
        Command::Evaluate(_) => delegate::delegate("evaluate", terminal),
        Command::Export(_) => delegate::delegate("export", terminal),
        Command::Calibrate(_) => delegate::delegate("calibrate", terminal),
        Command::Reference(asked) => reference::reference(asked, terminal),
    }
}

/// The choice of colours, as an argument for the engine.
fn color_arguments(color: Color) -> Vec<OsString> {
    let name = match color {
        Color::Auto => "auto",
        Color::Always => "always",
        Color::Never => "never",
    };
    vec!["--color".into(), name.into()]
}

/// Prints diagnostics for people; the exit that they lead to.
fn report(batches: &[Batch], terminal: Terminal) -> Exit {
    render::print(batches, DiagnosticFormat::Text, terminal);
    batches.iter().fold(Exit::Fine, |exit, batch| exit.and(Exit::of(&batch.diagnostics)))
}
