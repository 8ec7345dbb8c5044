//! Everything a developer of Regimen runs besides cargo itself.

mod bench;
mod choices;
mod data;
mod exports;
mod gpu;
mod licences;
mod model;
mod oracles;
mod passages;
mod quickstart;
mod regenerate;
mod setup;
mod talks;
mod test;
mod tools;

use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask COMMAND

Commands:
  quickstart            Everything from a fresh checkout to a trained model: setup, build, data, run
  test                  Everything that must hold before a change goes in; what CI runs
  setup [--cuda]        Install the pinned libtorch into .libtorch/ (about 480 MB; with --cuda about 4.7 GB)
  data                  Fetch the plays that the examples train on into examples/plays/, label passages and make conversations of them
  model                 Fetch SmolLM2 (135M) for the examples and import it into examples/smollm2/hf (94 MiB, then 517 MiB)
  regenerate [--check]  Write docs/language.md, docs/errors.md and the snapshots again; with --check only compare the docs
  oracles               Make the golden files again with transformers and datatrove, in a throw-away environment (about 5 GB)
  exports               Train and export small models of every family, and compare them with transformers (needs what `oracles` needs)
  licences              Check the licence of every dependency against the list of allowed ones (needs no network)
  bench                 Measure the command line against its limits, and training against nanoGPT's speed
  bench processes       The first half of it alone
  bench nanogpt         Train nanoGPT's README configuration here and there, three seeds: losses and speed
  bench cleaning        Clean documents here and with datatrove: speed (needs the environment of `oracles`)
  bench dedup [BYTES]   Deduplicate constructed text, 5 GB of it unless another size is given: time and memory
  bench tokenise        Tokenise here and with the tokenizers crate: speed, in turns
  gpu-test              Build the tests that need a GPU and run them; without one, say how to run them elsewhere
  gpu-bench             The same for speed, losses and predictions on a GPU
  help                  Show this text
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["quickstart"] => report(quickstart::run()),
        ["test"] => report(test::run()),
        ["setup"] => report(setup::run(setup::Flavour::Cpu)),
        ["setup", "--cuda"] => report(setup::run(setup::Flavour::Cuda)),
        ["data"] => report(data::run()),
        ["model"] => report(model::run()),
        ["regenerate"] => report(regenerate::run(regenerate::Mode::Write)),
        ["regenerate", "--check"] => report(regenerate::run(regenerate::Mode::Check)),
        ["oracles"] => report(oracles::run()),
        ["exports"] => report(exports::run()),
        ["licences"] => report(licences::run()),
        ["bench"] => report(bench::run()),
        ["bench", "processes"] => report(bench::processes::run()),
        ["bench", "nanogpt"] => report(bench::nanogpt::losses()),
        ["bench", "cleaning"] => report(bench::cleaning::run()),
        ["bench", "dedup"] => report(bench::dedup::run(None)),
        ["bench", "dedup", bytes] => report(bench::dedup::run(Some(bytes))),
        ["bench", "tokenise"] => report(bench::tokenise()),
        ["gpu-test"] => report(gpu::test()),
        ["gpu-bench"] => report(gpu::bench()),
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
