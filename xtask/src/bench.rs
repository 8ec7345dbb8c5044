//! `cargo xtask bench`: the command line against its limits. A ratio above 1 is too slow.

use crate::tools::{regimen, root};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// A command, its limit in seconds, and what it is.
struct Case {
    name: &'static str,
    arguments: &'static [&'static str],
    limit: f64,
}

const CASES: [Case; 4] = [
    Case { name: "check quickstart", arguments: &["check", "examples/quickstart.exp"], limit: 0.010 },
    Case { name: "check GPT-2 124M", arguments: &["check", "examples/gpt2_124m.exp"], limit: 0.010 },
    Case {
        name: "plan GPT-2 124M",
        arguments: &["plan", "examples/gpt2_124m.exp", "--assume"],
        limit: 0.030,
    },
    Case { name: "explain E0101", arguments: &["explain", "E0101"], limit: 0.010 },
];

/// How often each is run; the median counts.
const ROUNDS: usize = 21;

/// Prints a table; fails if a limit is exceeded.
pub fn run() -> Result<(), String> {
    let regimen = regimen(true)?;
    println!("{:24}{:>10}{:>10}{:>8}", "process", "median", "limit", "ratio");
    let mut slow = vec![];
    for case in &CASES {
        let median = median(&regimen, case)?;
        let ratio = median / case.limit;
        println!("{:24}{:>7.1} ms{:>7.1} ms{ratio:>8.2}", case.name, median * 1e3, case.limit * 1e3);
        if ratio > 1.0 {
            slow.push(case.name);
        }
    }
    if slow.is_empty() { Ok(()) } else { Err(format!("too slow: {}", slow.join(", "))) }
}

fn median(program: &Path, case: &Case) -> Result<f64, String> {
    let mut seconds = vec![];
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let mut command = Command::new(program);
        command.current_dir(root()).args(case.arguments).stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.status().map_err(|e| format!("{} does not start: {e}", program.display()))?;
        if !status.success() {
            return Err(format!("`regimen {}` fails", case.arguments.join(" ")));
        }
        seconds.push(began.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok(seconds.get(ROUNDS / 2).copied().unwrap_or(f64::NAN))
}
