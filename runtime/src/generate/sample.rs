//! From logits to a token.

use crate::run::codes;
use regimen_base::Diagnostic;

/// How tokens are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Logits are divided by it; 0 takes the most probable token.
    pub temperature: f64,
    /// Only so many of the most probable tokens are considered.
    pub top_k: Option<usize>,
}

impl Sampling {
    /// Refuses what has no meaning.
    pub(super) fn check(self) -> Result<(), Diagnostic> {
        if !(self.temperature >= 0.0 && self.temperature.is_finite()) {
            let what = format!("the temperature is {}; it must be 0 or greater", self.temperature);
            return Err(codes::generation_failed(what));
        }
        if self.top_k == Some(0) {
            return Err(codes::generation_failed("top-k is 0: no token could be drawn"));
        }
        Ok(())
    }
}

/// The token whose share of the interval [0, 1) holds `uniform`; the most probable tokens come first, equal
/// ones by their id. None if no logit is finite, or one is not a number or infinite.
pub fn draw(logits: &[f64], sampling: Sampling, uniform: f64) -> Option<u32> {
    // A masked token may be minus infinity; it gets no share.
    if logits.iter().any(|l| l.is_nan() || *l == f64::INFINITY) {
        return None;
    }
    let mut order: Vec<usize> = (0..logits.len()).collect();
    let logit = |i: &usize| logits.get(*i).copied().unwrap_or(f64::NEG_INFINITY);
    order.sort_by(|a, b| logit(b).total_cmp(&logit(a)).then(a.cmp(b)));
    order.truncate(sampling.top_k.unwrap_or(usize::MAX));
    let best = order.first().filter(|i| logit(i).is_finite())?;
    if sampling.temperature == 0.0 {
        return u32::try_from(*best).ok();
    }
    let largest = logit(best);
    let weight = |i: &usize| ((logit(i) - largest) / sampling.temperature).exp();
    let total: f64 = order.iter().map(weight).sum();
    let mut left = uniform * total;
    for i in &order {
        left -= weight(i);
        if left < 0.0 {
            return u32::try_from(*i).ok();
        }
    }
    // Rounding may leave a crumb: it belongs to the most probable token.
    u32::try_from(*best).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hot(top_k: Option<usize>) -> Sampling {
        Sampling { temperature: 1.0, top_k }
    }

    #[test]
    fn shares_are_the_softmax() {
        // e^0 : e^ln 3 = 1 : 3, the larger first.
        let logits = [0.0, 3.0_f64.ln()];
        assert_eq!(draw(&logits, hot(None), 0.0), Some(1));
        assert_eq!(draw(&logits, hot(None), 0.749), Some(1));
        assert_eq!(draw(&logits, hot(None), 0.751), Some(0));
        assert_eq!(draw(&logits, hot(None), 1.0 - f64::EPSILON), Some(0));
    }

    #[test]
    fn temperature_sharpens_and_zero_decides() {
        let logits = [0.0, 1.0];
        let cold = Sampling { temperature: 0.1, top_k: None };
        assert_eq!(draw(&logits, cold, 0.99), Some(1));
        assert_eq!(draw(&logits, hot(None), 0.99), Some(0));
        let greedy = Sampling { temperature: 0.0, top_k: None };
        assert_eq!(draw(&[1.0, 1.0], greedy, 0.99), Some(0), "ties go to the smaller id");
    }

    #[test]
    fn top_k_leaves_the_rest_without_a_share() {
        let logits = [0.0, 2.0, 1.0];
        for step in 0..100 {
            assert_ne!(draw(&logits, hot(Some(2)), f64::from(step) / 100.0), Some(0));
        }
    }

    #[test]
    fn logits_that_are_not_numbers_draw_nothing() {
        assert_eq!(draw(&[0.0, f64::NAN], hot(None), 0.5), None);
        assert_eq!(draw(&[], hot(None), 0.5), None);
        assert_eq!(draw(&[f64::NEG_INFINITY, 0.0], hot(None), 0.9), Some(1));
        assert!(hot(Some(0)).check().is_err());
    }

    #[test]
    fn enormous_differences_do_not_overflow() {
        assert_eq!(draw(&[-1e300, 1e300], hot(None), 0.999), Some(1));
    }
}
