//! Process time and memory of whole processes. A ratio above 1 is too much.

use crate::tools::{output, python, regimen, root};
use std::path::Path;
use std::process::Command;

/// A command, its limit in seconds, and what it is.
struct Case {
    name: &'static str,
    arguments: &'static [&'static str],
    limit: f64,
}

const CASES: [Case; 7] = [
    Case { name: "check quickstart", arguments: &["check", "examples/quickstart.exp"], limit: 0.010 },
    Case { name: "check GPT-2 124M", arguments: &["check", "examples/gpt2_124m.exp"], limit: 0.010 },
    Case { name: "check Llama 1B", arguments: &["check", "examples/llama_1b.exp"], limit: 0.010 },
    Case { name: "check a sweep", arguments: &["check", "examples/lr_sweep.exp"], limit: 0.010 },
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

/// Runs a command so often in turn; prints the medians of its process time (what it and the kernel for it took of the processors)
/// and of the time on the wall in seconds, and the highest resident memory in KiB. The standard library can ask for neither the
/// first nor the last. What Python itself holds before it becomes the command counts as well, and is less than any limit.
const MEASURE: &str = "import os, statistics, sys, time
null = os.open(os.devnull, os.O_WRONLY)
quiet = [(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
process, wall, peak = [], [], 0
for _ in range(51):
    began = time.perf_counter()
    child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
    _, status, used = os.wait4(child, 0)
    wall.append(time.perf_counter() - began)
    if status != 0:
        sys.exit('it fails')
    process.append(used.ru_utime + used.ru_stime)
    peak = max(peak, used.ru_maxrss)
print(statistics.median(process), statistics.median(wall), peak)";

/// What every one of them may take, in megabytes.
const MEMORY: f64 = 200.0;

/// Prints the highest resident memory of a command in KiB, as above, and then what the command prints.
const PEAK_AND_OUTPUT: &str = "import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], check=True, stdout=subprocess.PIPE)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, flush=True)
sys.stdout.buffer.write(done.stdout)";

/// Prints a table; fails if a limit is exceeded.
pub fn run() -> Result<(), String> {
    let regimen = regimen(true)?;
    println!(
        "{:20}{:>10}{:>10}{:>10}{:>8}{:>12}{:>10}{:>8}",
        "process", "wall", "median", "limit", "ratio", "memory", "limit", "ratio"
    );
    let mut exceeded = vec![];
    for case in &CASES {
        let [seconds, wall, memory] = measured(&regimen, case)?;
        let (slow, large) = (seconds / case.limit, memory / MEMORY);
        println!(
            "{:20}{:>7.1} ms{:>7.1} ms{:>7.1} ms{slow:>8.2}{memory:>9.1} MB{MEMORY:>7.0} MB{large:>8.2}",
            case.name,
            wall * 1e3,
            seconds * 1e3,
            case.limit * 1e3
        );
        if slow.max(large) > 1.0 {
            exceeded.push(case.name);
        }
    }
    if exceeded.is_empty() { Ok(()) } else { Err(format!("beyond a limit: {}", exceeded.join(", "))) }
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

/// Seconds of process time, seconds on the wall, and megabytes at the highest point.
fn measured(program: &Path, case: &Case) -> Result<[f64; 3], String> {
    let mut command = Command::new(python()?);
    command.current_dir(root()).args(["-c", MEASURE]).arg(program).args(case.arguments);
    let text = output(command, &format!("`regimen {}` cannot be measured", case.arguments.join(" ")))?;
    let numbers: Result<Vec<f64>, _> = text.split_whitespace().map(str::parse).collect();
    match numbers.as_deref() {
        Ok([seconds, wall, kibibytes]) => Ok([*seconds, *wall, kibibytes * 1024.0 / 1e6]),
        _ => Err(format!("not three numbers: {text}")),
    }
}
