//! The best checkpoint and early stopping.

use crate::checkpoint::Watched;
use regimen_base::schedule::{Goal, Watch};

/// What follows from an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The value is the best so far, by however little.
    pub best: bool,
    /// Patience is used up.
    pub stop: bool,
}

/// Takes a value of the watched metric into account. Best is any better value; an improvement, which
/// renews patience, must also be at least the smallest change away from the last improvement.
pub fn judge(watched: &mut Option<Watched>, value: f64, watch: &Watch) -> Verdict {
    let Some(state) = watched else {
        *watched = Some(Watched { best: value, reference: value, since: 0 });
        return Verdict { best: true, stop: false };
    };
    let gain = |from: f64| match watch.goal {
        Goal::Minimise => from - value,
        Goal::Maximise => value - from,
    };
    let best = gain(state.best) > 0.0;
    if best {
        state.best = value;
    }
    if gain(state.reference) > 0.0 && gain(state.reference) >= watch.min_delta {
        state.reference = value;
        state.since = 0;
    } else {
        state.since += 1;
    }
    let stop = watch.patience.is_some_and(|patience| state.since >= patience);
    Verdict { best, stop }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(goal: Goal, min_delta: f64, values: &[f64]) -> (Vec<bool>, Option<usize>) {
        let watch = Watch { metric: "loss".into(), goal, keep_best: true, patience: Some(2), min_delta };
        let mut state = None;
        let all: Vec<Verdict> = values.iter().map(|&v| judge(&mut state, v, &watch)).collect();
        (all.iter().map(|v| v.best).collect(), all.iter().position(|v| v.stop))
    }

    #[test]
    fn the_direction_is_the_declared_one() {
        assert_eq!(verdicts(Goal::Minimise, 0.0, &[3.0, 2.0, 2.5]).0, [true, true, false]);
        assert_eq!(verdicts(Goal::Maximise, 0.0, &[3.0, 2.0, 3.5]).0, [true, false, true]);
    }

    #[test]
    fn patience_counts_evaluations_without_improvement() {
        assert_eq!(verdicts(Goal::Minimise, 0.0, &[3.0, 3.0, 3.0]).1, Some(2));
        assert_eq!(verdicts(Goal::Minimise, 0.0, &[3.0, 3.1, 2.9, 3.0, 3.0]).1, Some(4));
    }

    #[test]
    fn small_gains_are_best_but_no_improvement_until_they_add_up() {
        let (best, stop) = verdicts(Goal::Minimise, 0.5, &[3.0, 2.75, 2.5, 2.25, 2.125]);
        assert_eq!(best, [true; 5]);
        // 2.5 is the smallest change away from 3.0; 2.25 and 2.125 are not from 2.5.
        assert_eq!(stop, Some(4));
    }
}
