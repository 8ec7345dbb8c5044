//! What a run looks like: a bar with the loss on a terminal, plain lines elsewhere.
//!
//! The bar goes to standard error; what is worth keeping (evaluations, checkpoints, samples) goes to standard output.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use regimen_base::Diagnostic;
use regimen_cli::arguments::DiagnosticFormat;
use regimen_cli::output::{self, Terminal};
use regimen_cli::render::{self, Batch};
use regimen_compiler::planning::show::{bytes, count, counted, duration};
use regimen_runtime::run::{Evaluated, Observer, Started, Step};
use std::path::Path;
use std::time::{Duration, Instant};

/// Without a terminal there is a line at most this often.
const QUIET: Duration = Duration::from_secs(10);
/// … but the first steps are shown, so that one sees at once that it learns.
const FIRST_STEPS: u64 = 3;

/// Shows a run.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal,
    bar: ProgressBar,
    last_line: Option<Instant>,
    steps: u64,
}

impl Screen {
    /// For this terminal.
    pub fn new(terminal: Terminal) -> Screen {
        Screen { terminal, bar: ProgressBar::hidden(), last_line: None, steps: 0 }
    }

    /// Steps of the whole stage; 0 before it begins.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Removes the bar.
    pub fn finish(&mut self) {
        self.bar.finish_and_clear();
    }

    /// Prints lines above the bar.
    fn line(&self, text: &str) {
        self.bar.suspend(|| output::out(&format!("{text}\n")));
    }

    /// Whether a plain line about this step is due.
    fn due(&mut self, step: &Step) -> bool {
        let due = step.step <= FIRST_STEPS
            || step.step == step.steps
            || self.last_line.is_none_or(|last| last.elapsed() >= QUIET);
        if due {
            self.last_line = Some(Instant::now());
        }
        due
    }
}

impl Observer for Screen {
    fn started(&mut self, started: &Started) {
        self.steps = started.steps;
        let from = match started.resumed_at {
            Some(step) => format!("goes on after step {}", count(step)),
            None => "begins".to_string(),
        };
        self.line(&format!(
            "stage {} {from}: {} of {}, {} at the peak\n  {}",
            started.stage,
            counted(started.steps, "step"),
            counted(started.tokens_per_step, "token"),
            bytes(started.planned_bytes),
            render::shown(started.folder, "").trim_end_matches('/')
        ));
        if self.terminal.live {
            self.bar = bar(started.steps, started.resumed_at.unwrap_or(0));
        }
    }

    fn step(&mut self, step: &Step) {
        let loss = step.metrics.iter().find(|(name, _)| name == "loss").map(|(_, value)| *value);
        let loss = loss.map_or_else(String::new, |loss| format!("loss {loss:.4}  "));
        let pace =
            format!("{loss}{} tokens/s  {} left", rate(step.tokens_per_second), left(step.seconds_left));
        if self.terminal.live {
            self.bar.set_position(step.step);
            self.bar.set_message(pace);
        } else if self.due(step) {
            self.line(&format!("step {} of {}  {pace}", count(step.step), count(step.steps)));
        }
    }

    fn evaluating(&mut self, name: &str, done: u64, batches: u64) {
        self.bar.set_message(format!("{name}: batch {done} of {batches}"));
    }

    fn evaluated(&mut self, evaluated: &Evaluated) {
        self.line(&evaluation(evaluated));
    }

    fn sample(&mut self, step: u64, prompt: &str, text: &str) {
        self.line(&format!("sample after step {}:\n{}", count(step), indented(&format!("{prompt}{text}"))));
    }

    fn checkpoint(&mut self, step: u64, folder: &Path, size: u64, seconds: f64) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        self.line(&format!(
            "checkpoint after step {}: {name}, {} in {}",
            count(step),
            bytes(size),
            duration(seconds)
        ));
    }

    fn stopping_early(&mut self, step: u64) {
        self.line(&format!("early stopping after step {}: no improvement", count(step)));
    }

    fn warning(&mut self, warning: &Diagnostic) {
        let batch = Batch::bare(vec![warning.clone()]);
        self.bar.suspend(|| render::print(&[batch], DiagnosticFormat::Text, self.terminal));
    }
}

fn bar(steps: u64, done: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:20} {human_pos}/{human_len}  {wide_msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar =
        ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr_with_hz(10)).with_style(style);
    bar.set_position(done);
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

/// `validation after step 500: loss 1.8024 (best so far)`.
fn evaluation(evaluated: &Evaluated) -> String {
    let metrics: Vec<String> =
        evaluated.metrics.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
    let verdict = match evaluated.patience {
        _ if evaluated.best => " (best so far)".to_string(),
        Some((without, allowed)) => format!(" (no improvement, {without} of {allowed} allowed)"),
        None => String::new(),
    };
    format!("{} after step {}: {}{verdict}", evaluated.name, count(evaluated.step), metrics.join("  "))
}

/// Time left, no finer than it can be known: `2 h 5 min`, `12 min`, `35 s`.
fn left(seconds: f64) -> String {
    match seconds.max(0.0) {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 90.0 * 60.0 => format!("{:.0} min", s / 60.0),
        s => format!("{} h {} min", count((s / 3600.0) as u64), (s / 60.0) as u64 % 60),
    }
}

fn rate(per_second: f64) -> String {
    count(per_second.round() as u64)
}

/// Set off from the lines around it; control characters of an untrained model do not reach the terminal.
fn indented(text: &str) -> String {
    let clean: String =
        text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect();
    clean.lines().map(|line| format!("  │ {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluations_say_whether_it_gets_better() {
        let metrics = [("loss".to_string(), 1.80241)];
        let mut evaluated = Evaluated {
            name: "validation",
            step: 1500,
            metrics: &metrics,
            best: true,
            patience: Some((0, 7)),
        };
        assert_eq!(evaluation(&evaluated), "validation after step 1,500: loss 1.8024 (best so far)");
        evaluated = Evaluated { best: false, patience: Some((2, 7)), ..evaluated };
        assert!(evaluation(&evaluated).ends_with("(no improvement, 2 of 7 allowed)"));
    }

    #[test]
    fn time_left_is_rounded() {
        assert_eq!([0.4, 89.0, 695.0, 7500.0].map(left), ["0 s", "89 s", "12 min", "2 h 5 min"]);
        assert_eq!(left(f64::NAN), "0 s");
    }

    #[test]
    fn samples_cannot_control_the_terminal() {
        assert_eq!(indented("a\x1b[2Jb\nc"), "  │ a\u{fffd}[2Jb\n  │ c");
    }
}
