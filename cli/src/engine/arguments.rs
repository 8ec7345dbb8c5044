//! What `regimen` writes on the engine's command line.

use clap::{Args, Parser, Subcommand};
use regimen_cli::arguments::{Calibrate, Color, Evaluate, Explain, Export, Generate, Reference};
use std::path::PathBuf;

/// Executes what `regimen` has proved; started by it.
#[derive(Clone, Debug, Parser)]
#[command(name = "regimen-engine", version)]
pub struct Arguments {
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// One thing to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Execute the plans on standard input, one a line
    RunPlans(RunPlans),
    /// Generate text from a model
    Generate(Generate),
    /// Measure how well a model predicts texts
    Evaluate(Evaluate),
    /// Write a checkpoint in Hugging Face's layout
    Export(Export),
    /// Measure this machine
    Calibrate(Calibrate),
    /// Explain an error code
    Explain(Explain),
    /// Print a generated page
    Reference(Reference),
}

/// `regimen-engine run-plans`.
#[derive(Args, Clone, Debug)]
pub struct RunPlans {
    /// The experiment's folder
    #[arg(long)]
    pub root: PathBuf,
    /// How the user goes on after an interruption
    #[arg(long)]
    pub resume_command: String,
    /// Only this stage
    #[arg(long)]
    pub stage: Option<String>,
    /// Go on from the last checkpoint
    #[arg(long)]
    pub resume: bool,
    /// Begin again; an earlier run is kept beside the new one
    #[arg(long)]
    pub fresh: bool,
    /// Compare memory with the plan after every instruction
    #[arg(long)]
    pub check_memory: bool,
    /// Write a timeline of all instructions
    #[arg(long)]
    pub profile: bool,
    /// Allow files outside the experiment's folder
    #[arg(long)]
    pub allow_outside: bool,
}
