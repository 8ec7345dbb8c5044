//! What can be written on the command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A language for LLM training experiments: check them, plan them, run them.
#[derive(Clone, Debug, Parser)]
#[command(name = "regimen", version, after_help = AFTER_HELP)]
pub struct Arguments {
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Begin with `regimen init`, which writes a commented experiment to start from.

Exit status: 0 fine, 1 errors were reported, 2 wrong usage, 3 only budgets failed, 130 interrupted and saved.";

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// One thing to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Find mistakes: syntax, names, units, sizes, budgets; reads no data
    Check(Check),
    /// Show what a run will do: steps, tokens, FLOPs, bytes, seconds, dollars
    Plan(Plan),
    /// Clean data: run the declared steps and report what each of them removed
    Data(Data),
    /// Train: execute a plan, with checkpoints, evaluations and samples
    Run(Run),
    /// Print the experiment in force, with the origin of every value
    Show(Show),
    /// Format experiment files
    Fmt(Fmt),
    /// Explain an error code, or list them all
    Explain(Explain),
    /// Write a commented experiment to start from
    Init(Init),
    /// Write a model from a GGUF file in Hugging Face's layout
    Import(Import),
    /// Generate text from a checkpoint or an imported model, or talk to it
    Generate(Generate),
    /// Measure how well a checkpoint or an imported model predicts texts
    Evaluate(Evaluate),
    /// Write a checkpoint in Hugging Face's layout
    Export(Export),
    /// Measure this machine, so that predicted times fit it
    Calibrate(Calibrate),
    /// Print a reference page that is generated from the code
    #[command(hide = true)]
    Reference(Reference),
}

/// `regimen check`.
#[derive(Args, Clone, Debug)]
pub struct Check {
    /// Experiments
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How to print diagnostics
    #[arg(long, value_enum, default_value_t = DiagnosticFormat::Text)]
    pub format: DiagnosticFormat,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub changes: Changes,
}

/// How to print diagnostics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DiagnosticFormat {
    /// With source excerpts, for people
    #[default]
    Text,
    /// One line each: FILE:LINE:COLUMN: error[CODE]: …
    Concise,
    /// A JSON array with byte ranges and fixes
    Json,
}

/// What is different from what the file says.
#[derive(Args, Clone, Debug, Default)]
pub struct Changes {
    /// Set a value, such as pretrain.optimizer.lr=6e-4 (may be repeated)
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,
    /// Apply a variant that the file declares
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
    /// Allow files outside the experiment's folder
    #[arg(long)]
    pub allow_outside: bool,
}

/// `regimen plan`.
#[derive(Args, Clone, Debug)]
pub struct Plan {
    /// The experiment
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How to print the plan
    #[arg(long, value_enum, default_value_t = PlanFormat::Text)]
    pub format: PlanFormat,
    /// Only this stage
    #[arg(long, value_name = "STAGE")]
    pub stage: Option<String>,
    /// Write the plan, or that of the stage, as JSON; `regimen run` executes it. Members of a sweep go to FILE-1, FILE-2, … before its ending
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Assume sizes of data that was not prepared yet, instead of preparing it
    #[arg(long)]
    pub assume: bool,
    /// Predict sizes of data that was not prepared yet from a sample of its documents, and say how sure that is
    #[arg(long, conflicts_with = "assume")]
    pub sample: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub changes: Changes,
}

/// How to print a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// Tables for people
    #[default]
    Text,
    /// Everything, as `regimen run` reads it; of a sweep, an array of such plans
    Json,
    /// The tensor graph for Graphviz
    Dot,
    /// The predicted timeline with the bytes alive, for Perfetto or chrome://tracing
    Trace,
}

/// `regimen data`.
#[derive(Args, Clone, Debug)]
#[command(allow_negative_numbers = true)]
pub struct Data {
    /// The experiment
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// A dataset that it declares; without one, those that stages train on
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// How to print the report
    #[arg(long, value_enum, default_value_t = DataFormat::Text)]
    pub format: DataFormat,
    /// Write the report, with plots, as one HTML page
    #[arg(long, value_name = "PAGE.html")]
    pub html: Option<PathBuf>,
    /// Show so many of the documents that are left
    #[arg(long, value_name = "N", conflicts_with = "why")]
    pub sample: Option<usize>,
    /// The tokenizer that lengths of preferences and feedback are told in; needed if the experiment declares several
    #[arg(long, value_name = "TOKENIZER")]
    pub tokenizer: Option<String>,
    /// Say what became of the document that begins there, such as web/a.jsonl:17
    #[arg(long, value_name = "DOCUMENT")]
    pub why: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub changes: Changes,
}

/// How to print a report on data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DataFormat {
    /// Tables for people
    #[default]
    Text,
    /// Everything, as one JSON document
    Json,
}

/// `regimen run`.
#[derive(Args, Clone, Debug)]
pub struct Run {
    /// An experiment, or a plan that `regimen plan --out` wrote (*.json)
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Only this stage
    #[arg(long, value_name = "STAGE")]
    pub stage: Option<String>,
    /// Go on from the last checkpoint; stages that were never saved begin, finished ones are left as they are
    #[arg(long)]
    pub resume: bool,
    /// Begin again; an earlier run is kept beside the new one
    #[arg(long, conflicts_with = "resume")]
    pub fresh: bool,
    /// The experiment's folder, if a plan lies elsewhere
    #[arg(long, value_name = "FOLDER")]
    pub root: Option<PathBuf>,
    /// Compare memory with the plan after every instruction (slower)
    #[arg(long)]
    pub check_memory: bool,
    /// Write a timeline of all instructions, as `plan --format trace` predicts one (slower)
    #[arg(long, conflicts_with = "check_memory")]
    pub profile: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub changes: Changes,
}

/// `regimen show`.
#[derive(Args, Clone, Debug)]
pub struct Show {
    /// The experiment
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub changes: Changes,
}

/// `regimen fmt`.
#[derive(Args, Clone, Debug)]
pub struct Fmt {
    /// Only say which files would change; exit with 1 if any would
    #[arg(long)]
    pub check: bool,
    /// Experiments; `-` formats standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// `regimen explain`.
#[derive(Args, Clone, Debug)]
pub struct Explain {
    /// A code such as E0412; without one, all are listed
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
}

/// `regimen init`.
#[derive(Args, Clone, Debug)]
pub struct Init {
    /// Where to write; never overwritten
    #[arg(default_value = "experiment.exp", value_name = "FILE")]
    pub file: PathBuf,
}

/// `regimen import`.
#[derive(Args, Clone, Debug)]
pub struct Import {
    /// A GGUF file with a model of the architecture `llama`
    #[arg(value_name = "MODEL.gguf")]
    pub model: PathBuf,
    /// Where to write config.json, model.safetensors and the tokenizer; a new or empty folder
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// Type of the weights
    #[arg(long, value_enum, default_value_t = WeightType::F32, value_name = "TYPE")]
    pub dtype: WeightType,
}

/// Type of the weights that are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum WeightType {
    /// Exactly what the quantised values stand for
    #[default]
    F32,
    /// The nearest bfloat16, in half the space
    Bf16,
}

/// What a model that is not trained runs on.
#[derive(Args, Clone, Debug)]
pub struct Device {
    /// Name of the hardware in the catalogue
    #[arg(long, default_value = "cpu", value_name = "NAME")]
    pub hardware: String,
    /// Precision of weights and caches
    #[arg(long, value_enum, default_value_t = WeightType::F32, value_name = "TYPE")]
    pub precision: WeightType,
    /// Threads of a CPU to compute with; all cores if absent
    #[arg(long, value_name = "N", value_parser = positive)]
    pub threads: Option<u64>,
    /// Compare memory with the plan after every instruction (slower)
    #[arg(long)]
    pub check_memory: bool,
}

/// `regimen generate`.
#[derive(Args, Clone, Debug)]
#[command(allow_negative_numbers = true)]
pub struct Generate {
    /// A checkpoint folder, the folder of a run (its last checkpoint), `last` or `best` in it, or a folder in Hugging Face's layout
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// Text to begin with; with --chat what the user says. Without it, --chat reads a turn from every line of standard input
    #[arg(long, value_name = "TEXT", required_unless_present = "chat")]
    pub prompt: Option<String>,
    /// Talk to a model that was tuned on conversations, through its chat template
    #[arg(long)]
    pub chat: bool,
    /// What the conversation begins with
    #[arg(long, value_name = "TEXT", requires = "chat")]
    pub system: Option<String>,
    /// Folder or file with the chat template, or the name of a known one such as chatml, if it is not beside the model
    #[arg(long, value_name = "PATH|NAME", requires = "chat")]
    pub template: Option<PathBuf>,
    /// Tokens to generate at most, in every turn
    #[arg(long, default_value_t = 200, value_name = "N")]
    pub tokens: u64,
    /// Randomness: 0 always takes the likeliest token
    #[arg(long, default_value_t = 0.8, value_name = "T")]
    pub temperature: f64,
    /// Draw only from the K likeliest tokens
    #[arg(long, value_name = "K")]
    pub top_k: Option<u64>,
    /// Leave out the least likely tokens that have 1 − P of the probability together
    #[arg(long, value_name = "P")]
    pub top_p: Option<f64>,
    /// Make tokens that occurred less likely: above 1, such as 1.1
    #[arg(long, default_value_t = 1.0, value_name = "R")]
    pub repetition_penalty: f64,
    /// A text that ends the answer and is not shown; may be given several times
    #[arg(long, value_name = "TEXT")]
    pub stop: Vec<String>,
    /// The same seed gives the same text
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    pub seed: i64,
    /// Tokens that the cache holds: a longer text loses its older half. By default prompt and answer, or 2,048 of a conversation, and never
    /// more than the model can see
    #[arg(long, value_name = "N", value_parser = positive)]
    pub context: Option<u64>,
    /// Say at the end what memory was predicted and measured, and how fast it was
    #[arg(long)]
    pub report: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub device: Device,
}

/// `regimen evaluate`.
#[derive(Args, Clone, Debug)]
pub struct Evaluate {
    /// A checkpoint folder, the folder of a run (its last checkpoint), `last` or `best` in it, or a folder in Hugging Face's layout
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// Text files, each a text of its own
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub text: Vec<PathBuf>,
    /// Tokens of a window; by default 1,024, or what the model can see
    #[arg(long, value_name = "N", value_parser = positive)]
    pub context: Option<u64>,
    /// Tokens between the beginnings of two windows; by default half a window. As many as a window has make plain blocks
    #[arg(long, value_name = "N")]
    pub stride: Option<u64>,
    /// Windows at once
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = positive)]
    pub batch: u64,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub device: Device,
}

/// `regimen export`.
#[derive(Args, Clone, Debug)]
pub struct Export {
    /// A checkpoint folder, or the folder of a run (its last checkpoint), or `last` or `best` in it
    #[arg(value_name = "CHECKPOINT")]
    pub checkpoint: PathBuf,
    /// Where to write config.json, model.safetensors and the tokenizer
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,

    /// Bytes of tensors that one file holds at most; a larger model is written as model-00001-of-0000N.safetensors and an index
    #[arg(long, value_name = "SIZE", default_value = "5GB", value_parser = size)]
    pub shard_size: u64,

    /// Write the generator of a detector of replaced tokens, and not the detector
    #[arg(long)]
    pub generator: bool,
}

/// A number of bytes with a unit: `5GB`, `500 MB`, `2GiB`.
fn size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 7] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("B", 1),
    ];
    let found = UNITS.iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?.trim(), *bytes)));
    let (number, bytes) = found.ok_or("give a unit: 5GB, 500MB, 2GiB")?;
    let number: u64 =
        number.replace('_', "").parse().map_err(|_| format!("`{number}` is no whole number"))?;
    number
        .checked_mul(bytes)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "it must be above zero and fit 64 bits".to_owned())
}

/// `regimen calibrate`.
#[derive(Args, Clone, Debug)]
pub struct Calibrate {
    /// Name of the hardware in the catalogue
    #[arg(long, default_value = "cpu", value_name = "NAME")]
    pub hardware: String,
    /// Threads to measure with; all cores if absent
    #[arg(long, value_name = "N", value_parser = positive)]
    pub threads: Option<u64>,
}

/// `regimen reference`.
#[derive(Args, Clone, Debug)]
pub struct Reference {
    /// Which page
    #[arg(value_enum)]
    pub page: ReferencePage,
}

/// A generated page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReferencePage {
    /// Every block, field, type, unit and default
    Language,
    /// Every error code
    Errors,
}

/// A number that must not be 0.
fn positive(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(0) => Err("it must be 1 at least".into()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}

/// Splits `path=value`; an empty side is a mistake.
fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, value)) if !path.trim().is_empty() && !value.trim().is_empty() => {
            Ok((path.trim().to_string(), value.trim().to_string()))
        }
        _ => Err("write a path, `=` and a value, such as pretrain.optimizer.lr=6e-4".to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn definitions_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn assignments_are_split_at_the_first_equals_sign() {
        assert_eq!(assignment("a.b = \"x=y\""), Ok(("a.b".into(), "\"x=y\"".into())));
        for wrong in ["a.b", "=1", "a=", " = "] {
            assert!(assignment(wrong).is_err(), "{wrong:?}");
        }
    }
}
