//! Progress of preparing data: a bar on a terminal, a line per phase elsewhere.

use crate::output::{self, Terminal};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use regimen_data::Progress;
use std::time::Duration;

/// Work below this many bytes is over before anybody could read about it.
const WORTH_A_LINE: u64 = 64 << 20;

/// Shows the phases of preparing data.
#[derive(Debug)]
pub struct DataProgress {
    terminal: Terminal,
    bar: ProgressBar,
}

impl DataProgress {
    /// For this terminal.
    pub fn new(terminal: Terminal) -> DataProgress {
        DataProgress { terminal, bar: ProgressBar::hidden() }
    }
}

impl Progress for DataProgress {
    fn begin(&mut self, phase: &str, total: Option<u64>) {
        if self.terminal.live {
            self.bar = bar(phase, total);
        } else if total.is_some_and(|total| total >= WORTH_A_LINE) {
            output::err(&format!("{phase} …\n"));
        }
    }

    fn advance(&mut self, amount: u64) {
        self.bar.inc(amount);
    }

    fn finish(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn bar(phase: &str, total: Option<u64>) -> ProgressBar {
    let template = match total {
        Some(_) => "{msg:24} {bar:30} {binary_bytes} of {binary_total_bytes}  {eta} left",
        None => "{msg:24} {spinner} {elapsed}",
    };
    // A broken template would only cost the bar its looks.
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(10)).with_style(style);
    bar.set_message(phase.to_string());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_valid_and_positions_follow() {
        let mut progress = DataProgress {
            terminal: Terminal { live: true, color: false, width: 80 },
            bar: ProgressBar::hidden(),
        };
        progress.begin("reading files", Some(10));
        progress.advance(4);
        assert_eq!((progress.bar.position(), progress.bar.length()), (4, Some(10)));
        progress.finish();
        assert!(progress.bar.is_finished());
    }
}
