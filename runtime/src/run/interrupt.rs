//! Ctrl-C: finish the step, save, and say how to go on. A second Ctrl-C ends the process at once.

use super::codes;
use regimen_base::Diagnostic;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit status of a process that was interrupted and has saved: 128 + SIGINT, as shells expect.
pub const INTERRUPTED: i32 = 130;

/// Whether the user has asked the run to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// One that only [`Interrupt::ask`] raises.
    pub fn manual() -> Interrupt {
        Interrupt::default()
    }

    /// One that SIGINT and SIGTERM raise; the second of them ends the process with status
    /// [`INTERRUPTED`], losing the steps since the last checkpoint.
    ///
    /// # Errors
    /// If the system refuses the handlers.
    pub fn on_signals() -> Result<Interrupt, Diagnostic> {
        let interrupt = Interrupt::default();
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            interrupt
                .register(signal)
                .map_err(|e| codes::run_folder_failed("handle signals in", Path::new("."), &e))?;
        }
        Ok(interrupt)
    }

    /// Asks the run to stop after the current step.
    pub fn ask(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether it was asked.
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// The order matters: the first signal finds the flag unset and passes the shutdown.
    fn register(&self, signal: i32) -> io::Result<()> {
        signal_hook::flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&self.0))?;
        signal_hook::flag::register(signal, Arc::clone(&self.0))?;
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_signal_raises_the_flag_and_the_process_goes_on() {
        let interrupt = Interrupt::default();
        // Not SIGINT: the test runner may listen to it.
        interrupt.register(signal_hook::consts::SIGUSR1).unwrap();
        assert!(!interrupt.asked());
        signal_hook::low_level::raise(signal_hook::consts::SIGUSR1).unwrap();
        assert!(interrupt.asked());
    }
}
