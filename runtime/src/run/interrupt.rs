//! Ctrl-C: finish the step, save, and say how to go on. A second Ctrl-C ends the process at once.

use super::codes;
use regimen_base::Diagnostic;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
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

    /// One that SIGINT, SIGTERM and SIGHUP (a terminal that is closed) raise. A second signal ends the process as if nobody had handled it, losing the steps since the last
    /// checkpoint. Every signal is answered at once by `say`: a step may take a minute.
    ///
    /// # Errors
    /// If the system refuses the handlers.
    pub fn on_signals(say: impl Fn(&str) + Send + 'static) -> Result<Interrupt, Diagnostic> {
        let interrupt = Interrupt::default();
        let failed = |e: io::Error| codes::run_folder_failed("handle signals in", Path::new("."), &e);
        let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(failed)?;
        // Who started it with `nohup` wants it to go on without its terminal.
        if !ignored(SIGHUP) {
            signals.add_signal(SIGHUP).map_err(failed)?;
        }
        let raised = interrupt.clone();
        let listen = move || {
            for signal in signals.forever() {
                if raised.answer(signal, &say) {
                    // What comes after a default handler is never reached; were it, the process would have to end all the same.
                    let _ = emulate_default_handler(signal);
                    std::process::abort();
                }
            }
        };
        std::thread::Builder::new().name("signals".into()).spawn(listen).map_err(failed)?;
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

    /// Answers a signal; whether it was one too many. A terminal that is closed hangs up more than once (the system does, and the shell):
    /// nobody asks for an end at once by that.
    fn answer(&self, signal: i32, say: &impl Fn(&str)) -> bool {
        let again = self.0.swap(true, Ordering::SeqCst);
        if again && signal == SIGHUP {
            return false;
        }
        say(if again {
            "ended at once: what came after the last checkpoint is lost\n"
        } else {
            "stopping: finishes the step and saves; once more ends it at once, without saving\n"
        });
        again
    }
}

/// Whether this process was started with a signal ignored.
fn ignored(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: with no new action this only writes the present one, for which there is room; all zeros are a valid value of it.
    let action = unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    action.sa_sigaction == libc::SIG_IGN
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn the_first_signal_raises_the_flag_and_the_second_is_one_too_many() {
        let (interrupt, said) = (Interrupt::default(), RefCell::new(vec![]));
        let say = |text: &str| said.borrow_mut().push(text.to_string());
        assert!(!interrupt.asked());
        assert!(!interrupt.answer(SIGHUP, &say));
        assert!(interrupt.asked());
        assert!(!interrupt.answer(SIGHUP, &say), "a terminal hangs up more than once");
        assert!(interrupt.answer(SIGINT, &say));
        let said = said.into_inner();
        assert!(said[0].starts_with("stopping") && said[1].starts_with("ended at once"), "{said:?}");
    }
}
