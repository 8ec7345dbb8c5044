//! Time and memory of whole processes. A ratio above 1 is too much.

use crate::tools::{output, python, regimen, root};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// A command, its limit in seconds, and what it is.
struct Case {
    name: &'static str,
    arguments: &'static [&'static str],
    limit: f64,
}

const CASES: [Case; 5] = [
    Case { name: "check quickstart", arguments: &["check", "examples/quickstart.exp"], limit: 0.010 },
    Case { name: "check GPT-2 124M", arguments: &["check", "examples/gpt2_124m.exp"], limit: 0.010 },
    Case {
        name: "plan GPT-2 124M",
        arguments: &["plan", "examples/gpt2_124m.exp", "--assume"],
        limit: 0.030,
    },
    Case {
        name: "plan GPT-3 175B",
        arguments: &["plan", "compiler/benches/gpt3_175b.exp", "--assume"],
        limit: 0.200,
    },
    Case { name: "explain E0101", arguments: &["explain", "E0101"], limit: 0.010 },
];

/// How often each is run; the median counts.
const ROUNDS: usize = 21;

/// What every one of them may take, in megabytes.
const MEMORY: f64 = 200.0;

/// Prints the highest resident memory of a command in KiB; the standard library cannot ask for it. What Python itself
/// takes before it becomes the command counts as well, and is less than any limit.
const PEAK: &str = "import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";

/// The same, and then what the command prints.
const PEAK_AND_OUTPUT: &str = "import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], check=True, stdout=subprocess.PIPE)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, flush=True)
sys.stdout.buffer.write(done.stdout)";

/// Prints a table; fails if a limit is exceeded.
pub fn run() -> Result<(), String> {
    let regimen = regimen(true)?;
    println!(
        "{:20}{:>10}{:>10}{:>8}{:>12}{:>10}{:>8}",
        "process", "median", "limit", "ratio", "memory", "limit", "ratio"
    );
    let mut exceeded = vec![];
    for case in &CASES {
        let (seconds, memory) = (median(&regimen, case)?, peak(&regimen, case)?);
        let (slow, large) = (seconds / case.limit, memory / MEMORY);
        println!(
            "{:20}{:>7.1} ms{:>7.1} ms{slow:>8.2}{memory:>9.1} MB{MEMORY:>7.0} MB{large:>8.2}",
            case.name,
            seconds * 1e3,
            case.limit * 1e3
        );
        if slow.max(large) > 1.0 {
            exceeded.push(case.name);
        }
    }
    if exceeded.is_empty() { Ok(()) } else { Err(format!("beyond a limit: {}", exceeded.join(", "))) }
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

/// Megabytes at the highest point of a command in a folder, and what it prints.
pub fn peak_of(program: &Path, folder: &Path, arguments: &[&str]) -> Result<(f64, String), String> {
    let mut command = Command::new(python()?);
    command.current_dir(folder).args(["-c", PEAK_AND_OUTPUT]).arg(program).args(arguments);
    let text = output(command, "the memory of a process cannot be measured")?;
    let (kibibytes, said) = text.split_once('\n').unwrap_or((&text, ""));
    let kibibytes: f64 = kibibytes.trim().parse().map_err(|_| format!("not a number of KiB: {text}"))?;
    Ok((kibibytes * 1024.0 / 1e6, said.to_string()))
}

/// Megabytes at the highest point.
fn peak(program: &Path, case: &Case) -> Result<f64, String> {
    let mut command = Command::new(python()?);
    command.current_dir(root()).args(["-c", PEAK]).arg(program).args(case.arguments);
    let text = output(command, "the memory of a process cannot be measured")?;
    let kibibytes: f64 = text.trim().parse().map_err(|_| format!("not a number of KiB: {text}"))?;
    Ok(kibibytes * 1024.0 / 1e6)
}
