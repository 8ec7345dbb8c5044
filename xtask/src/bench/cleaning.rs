//! Cleaning against datatrove: the same documents, both on all cores, in turns; a fresh cache every time.

use crate::oracles;
use crate::tools::{output, regimen, root};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Documents, and turns of which the medians count.
const DOCUMENTS: &str = "3000";
const TURNS: usize = 3;

/// How much faster it is to be.
const GOAL: f64 = 10.0;

/// What datatrove does, and language identification.
const EXPERIMENT: &str = "data web : jsonl {
  files = \"*.jsonl\"
  clean = [language { is = \"en\", confidence = 0 }, gopher_repetition {}, gopher {}, fineweb {}, minhash {}, pii {}]
}
";

/// Measures and prints; fails if the goal is missed.
pub fn run() -> Result<(), String> {
    let python = oracles::python();
    if !python.is_file() {
        return Err("run `cargo xtask oracles` first: it installs datatrove in .oracle".into());
    }
    let regimen = regimen(false)?;
    let folder = root().join("target/bench-cleaning");
    let failed = |e: std::io::Error| format!("cannot write to {}: {e}", folder.display());
    fs::create_dir_all(&folder).map_err(failed)?;
    let script = root().join("tests/oracle/cleaning_speed.py");
    let peer = |what: &str| {
        let mut command = Command::new(&python);
        command.arg(&script).arg(what).arg(&folder);
        command
    };
    let mut make = peer("documents");
    make.arg(DOCUMENTS);
    output(make, "the documents cannot be made")?;
    let experiment = folder.join("cleaning.exp");
    fs::write(&experiment, EXPERIMENT).map_err(failed)?;
    let bytes = size(&folder);
    let (mut own, mut others) = (vec![], vec![]);
    for turn in 1..=TURNS {
        let _ = fs::remove_dir_all(folder.join(".regimen"));
        let mut command = Command::new(&regimen);
        command.arg("data").arg(&experiment).args(["web", "--format", "json"]).stderr(Stdio::inherit());
        let (seconds, report) = timed(command)?;
        let left =
            report.split("\"after\":{\"documents\":").nth(1).and_then(|r| r.split(',').next()).unwrap_or("?");
        let (theirs, said) = timed(peer("clean"))?;
        println!(
            "turn {turn}: regimen {seconds:.2} s, {left} left; datatrove {theirs:.2} s, {} left",
            said.trim()
        );
        own.push(seconds);
        others.push(theirs);
    }
    let (own, others) = (median(own), median(others));
    let ratio = others / own;
    println!(
        "{DOCUMENTS} documents, {:.1} MB: regimen {own:.2} s ({:.1} MB/s), datatrove {others:.2} s ({:.2} MB/s), ratio {ratio:.1} (goal {GOAL})",
        bytes / 1e6,
        bytes / 1e6 / own,
        bytes / 1e6 / others
    );
    if ratio >= GOAL { Ok(()) } else { Err(format!("{ratio:.1} times as fast, not {GOAL}")) }
}

fn timed(command: Command) -> Result<(f64, String), String> {
    let began = Instant::now();
    let said = output(command, "a cleaning fails")?;
    Ok((began.elapsed().as_secs_f64(), said))
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Bytes of the documents.
fn size(folder: &Path) -> f64 {
    let file = |part: usize| fs::metadata(folder.join(format!("{part}.jsonl"))).map_or(0, |m| m.len());
    (0..2).map(file).sum::<u64>() as f64
}
