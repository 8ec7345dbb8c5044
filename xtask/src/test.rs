//! `cargo xtask test`: everything that must hold. All parts run, whatever fails; the summary is at the end.

use crate::tools::{answers, cargo, output, python, regimen, root, succeed, target_folder};
use crate::{data, licences, regenerate, setup};
use std::fs;
use std::process::Command;
use std::time::Instant;

/// The TensorBoard whose reader is asked.
const TENSORBOARD: &str = "tensorboard==2.21.0";

/// One part: its name and what it does.
type Part = (&'static str, fn() -> Result<(), String>);

/// In an order in which cheap parts come first and builds are shared.
const PARTS: [Part; 11] = [
    ("format", format),
    ("licences", licences::run),
    ("libtorch", || setup::run(setup::Flavour::Cpu)),
    ("plays", data::run),
    ("front end alone", front_end_alone),
    ("lints", lints),
    ("tests", tests),
    ("SmolLM2 against transformers", smollm2),
    ("TensorBoard's own reader", tensorboard),
    ("documentation tests", doc_tests),
    ("generated files", || regenerate::run(regenerate::Mode::Check)),
];

/// Runs all parts and sums up.
pub fn run() -> Result<(), String> {
    let mut lines = vec![];
    let mut failed = 0;
    for (name, part) in PARTS {
        println!("── {name}");
        let began = Instant::now();
        let outcome = part();
        let seconds = began.elapsed().as_secs_f64();
        lines.push(line(name, &outcome, seconds));
        failed += usize::from(outcome.is_err());
    }
    lines.push("skipped  GPU tests: `cargo xtask gpu-test` runs them on a machine with a GPU".to_string());
    println!("\n{}", lines.join("\n"));
    if failed == 0 { Ok(()) } else { Err(format!("{failed} of {} parts failed", PARTS.len())) }
}

fn line(name: &str, outcome: &Result<(), String>, seconds: f64) -> String {
    match outcome {
        Ok(()) => format!("ok       {name} ({seconds:.0} s)"),
        Err(message) => format!("FAILED   {name} ({seconds:.0} s): {message}"),
    }
}

fn format() -> Result<(), String> {
    succeed(cargo(&["fmt", "--all", "--check"]), "run `cargo fmt --all`")
}

/// Without libtorch everything but training builds and works.
fn front_end_alone() -> Result<(), String> {
    let regimen = regimen(false)?;
    let examples = root().join("examples");
    let entries = fs::read_dir(&examples).map_err(|e| format!("cannot read {}: {e}", examples.display()))?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "exp"));
    files.sort();
    let mut command = Command::new(&regimen);
    // The one example with a model of others, which is no part of a clone.
    let there = root().join("examples/smollm2/hf/config.json").is_file();
    if !there {
        println!("skipped  check of examples/smollm2.exp: `cargo xtask model` fetches its model");
    }
    command.arg("check").args(files.iter().filter(|file| there || !file.ends_with("smollm2.exp")));
    succeed(command, "an example has mistakes")?;
    let mut command = Command::new(&regimen);
    command.args(["fmt", "--check"]).args(&files);
    succeed(command, "an example is not formatted: run `regimen fmt`")
}

fn lints() -> Result<(), String> {
    // The release profile, so that the C++ parts are compiled once.
    let arguments = ["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"];
    succeed(cargo(&arguments), "clippy found something")
}

/// Tests with a model of others, which is no part of a clone.
fn smollm2() -> Result<(), String> {
    if !root().join("examples/smollm2/hf/config.json").is_file() {
        println!("skipped  greedy tokens of SmolLM2: `cargo xtask model` fetches it");
        return Ok(());
    }
    let arguments = ["test", "--release", "-p", "regimen-runtime", "--test", "smollm2", "--", "--ignored"];
    succeed(cargo(&arguments), "SmolLM2 does not answer as transformers has it")
}

fn tests() -> Result<(), String> {
    let runner: &[&str] = if answers("cargo", &["nextest", "--version"]) {
        &["nextest", "run", "--release", "--workspace"]
    } else {
        println!("(cargo-nextest is not installed: cargo's own runner is used)");
        &["test", "--release", "--workspace", "--all-targets", "--quiet"]
    };
    let mut command = cargo(runner);
    // A snapshot that differs is a failure, not a file to look at.
    command.env("INSTA_UPDATE", "no");
    succeed(command, "a test failed; the names are above")
}

/// TensorBoard reads the event files that a run writes.
fn tensorboard() -> Result<(), String> {
    let folder = target_folder()?.join("tensorboard");
    if !folder.join(TENSORBOARD).exists() {
        let mut command = Command::new(python()?);
        command.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--root-user-action=ignore",
        ]);
        // Its reader still imports pkg_resources, which later versions of setuptools no longer have.
        command.arg("--target").arg(&folder).args([TENSORBOARD, "setuptools<81"]);
        succeed(command, "pip could not install TensorBoard; its message is above")?;
        fs::write(folder.join(TENSORBOARD), "")
            .map_err(|e| format!("cannot write to {}: {e}", folder.display()))?;
    }
    let test = "its_reader_sees_every_step_once_after_a_resume";
    let mut command =
        cargo(&["test", "--release", "--package", "regimen-runtime", "--lib", "--quiet", "--", "--ignored"]);
    command.args([test]).env("PYTHONPATH", &folder).env("REGIMEN_TENSORBOARD_PYTHON", python()?);
    let said = output(command, "TensorBoard does not read what a run writes")?;
    // A test that was renamed must not pass by not running.
    if said.contains("1 passed") { Ok(()) } else { Err(format!("`{test}` did not run")) }
}

fn doc_tests() -> Result<(), String> {
    succeed(
        cargo(&["test", "--release", "--workspace", "--doc", "--quiet"]),
        "an example in the documentation fails",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_what_failed_and_why() {
        assert_eq!(line("lints", &Ok(()), 1.2), "ok       lints (1 s)");
        assert_eq!(line("lints", &Err("why".into()), 0.4), "FAILED   lints (0 s): why");
    }
}
