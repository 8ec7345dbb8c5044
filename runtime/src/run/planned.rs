//! How often each program is to run in a part of a stage, told from its schedule before anything runs.

use super::counting::Runs;
use regimen_base::schedule::{Action, Counter};
use std::ops::Range;

/// The part of a stage that one process does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Whether it begins the stage, and does not go on from a checkpoint.
    pub fresh: bool,
    /// Steps, counted from 0.
    pub steps: Range<u64>,
    /// Whether what follows the steps is done as well.
    pub ended: bool,
}

/// Runs of each program in a part of the schedule, if no generated text ends before its last token.
pub fn runs(schedule: &[Action], part: &Part) -> Runs {
    let mut runs = Runs::new();
    for action in schedule {
        match action {
            Action::Repeat { counter: Counter::Step, times, body } => {
                for step in part.steps.clone() {
                    add(body, part, Times { step: Some((step, *times)), rounds: 1 }, &mut runs);
                }
                if !part.ended {
                    break;
                }
            }
            _ => add(std::slice::from_ref(action), part, Times { step: None, rounds: 1 }, &mut runs),
        }
    }
    runs
}

/// When and how often a body is done.
#[derive(Clone, Copy)]
struct Times {
    /// The step, counted from 0, and how many there are in all.
    step: Option<(u64, u64)>,
    /// Rounds inside the step.
    rounds: u64,
}

fn add(actions: &[Action], part: &Part, at: Times, runs: &mut Runs) {
    for action in actions {
        match action {
            Action::Fresh { body } if part.fresh => add(body, part, at, runs),
            Action::Repeat { times, body, .. } => {
                add(body, part, Times { rounds: at.rounds * times, ..at }, runs);
            }
            Action::Every { every, last, body } if due(at, *every, *last) => add(body, part, at, runs),
            Action::Run { program, .. } => note(runs, program, at.rounds),
            Action::Evaluate { program, batches, .. } => note(runs, program, at.rounds * batches),
            // Prompts are short: one chunk, which gives the first token.
            Action::Sample { prefill, program, tokens, .. } if *tokens > 0 => {
                note(runs, prefill, at.rounds);
                note(runs, program, at.rounds * (tokens - 1));
            }
            _ => {}
        }
    }
}

fn due(at: Times, every: u64, last: bool) -> bool {
    at.step.is_some_and(|(step, steps)| (step + 1).is_multiple_of(every) || last && step + 1 == steps)
}

fn note(runs: &mut Runs, program: &str, times: u64) {
    *runs.entry(program.to_owned()).or_default() += times;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::testing::stage;

    fn told(part: &Part) -> Vec<(String, u64)> {
        runs(&stage().schedule, part).into_iter().collect()
    }

    #[test]
    fn a_whole_stage_and_the_sum_of_its_parts_are_the_same() {
        let whole = told(&Part { fresh: true, steps: 0..12, ended: true });
        // Four evaluations of three batches; three tokens before and after, the first of each from the prompt's program.
        let expected = [
            ("decode", 4),
            ("evaluate", 12),
            ("initialise", 1),
            ("micro_step", 24),
            ("prefill", 2),
            ("update", 12),
        ];
        assert_eq!(whole, expected.map(|(name, times)| (name.to_owned(), times)));
        let mut sum = runs(&stage().schedule, &Part { fresh: true, steps: 0..5, ended: false });
        for (name, times) in told(&Part { fresh: false, steps: 5..12, ended: true }) {
            note(&mut sum, &name, times);
        }
        assert_eq!(sum.into_iter().collect::<Vec<_>>(), whole);
    }

    #[test]
    fn the_last_step_is_evaluated_though_it_is_no_multiple() {
        let mut stage = stage();
        for action in &mut stage.schedule {
            if let Action::Repeat { times, .. } = action {
                *times = 11;
            }
        }
        let part = Part { fresh: false, steps: 9..11, ended: false };
        assert_eq!(runs(&stage.schedule, &part).get("evaluate"), Some(&3));
    }
}
