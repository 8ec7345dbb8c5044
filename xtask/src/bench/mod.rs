//! `cargo xtask bench`: the command line against its limits, training against nanoGPT on the same machine in the same run.

pub mod cleaning;
pub mod nanogpt;
pub mod processes;

/// Everything; fails if a limit is exceeded.
pub fn run() -> Result<(), String> {
    let processes = processes::run();
    println!();
    let first = nanogpt::first_step();
    let speed = nanogpt::speed();
    processes.and(first).and(speed)
}
