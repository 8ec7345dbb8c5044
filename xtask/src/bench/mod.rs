//! `cargo xtask bench`: the command line against its limits, training against nanoGPT on the same machine in the same run.

pub mod cleaning;
pub mod dedup;
pub mod nanogpt;
pub mod processes;

/// Tokenising against the `tokenizers` crate; fails if it is slower.
pub fn tokenise() -> Result<(), String> {
    let mut command = std::process::Command::new("cargo");
    command.current_dir(crate::tools::root()).args(["bench", "-p", "regimen-data", "--bench", "tokenise"]);
    let done = command.status().map_err(|e| format!("cargo does not start: {e}"))?;
    if done.success() {
        Ok(())
    } else {
        Err("the benchmark fails, or a tokenizer is slower than the crate's".into())
    }
}

/// Everything; fails if a limit is exceeded.
pub fn run() -> Result<(), String> {
    let processes = processes::run();
    println!();
    let first = nanogpt::first_step();
    let speed = nanogpt::speed();
    processes.and(first).and(speed)
}
