//! From logits to a token. Definitions and their order are transformers': repetition penalty, temperature, top-k, top-p.

use crate::run::codes;
use regimen_base::Diagnostic;
use std::collections::BTreeSet;

/// How tokens are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Logits are divided by it; 0 takes the most probable token.
    pub temperature: f64,
    /// Only so many of the most probable tokens are considered, and those that are as probable as the last of them.
    pub top_k: Option<usize>,
    /// Of the rest, the least probable are left out as long as they have 1 − `top_p` of the probability together.
    pub top_p: Option<f64>,
    /// Logits of tokens that occur in the text so far are divided by it if they are positive, else multiplied (Keskar et al., arXiv
    /// 1909.05858).
    pub repetition_penalty: f64,
}

impl Sampling {
    /// The most probable token, always.
    pub const GREEDY: Sampling =
        Sampling { temperature: 0.0, top_k: None, top_p: None, repetition_penalty: 1.0 };

    /// Refuses what has no meaning.
    pub(super) fn check(self) -> Result<(), Diagnostic> {
        let Sampling { temperature, top_k, top_p, repetition_penalty } = self;
        if !(temperature >= 0.0 && temperature.is_finite()) {
            let what = format!("the temperature is {temperature}; it must be 0 or greater");
            return Err(codes::sampling_refused(what));
        }
        if top_k == Some(0) {
            return Err(codes::sampling_refused("top-k is 0: no token could be drawn"));
        }
        if let Some(p) = top_p
            && !(p > 0.0 && p <= 1.0)
        {
            let what = format!("top-p is {p}; it must be greater than 0 and at most 1");
            return Err(codes::sampling_refused(what));
        }
        if !(repetition_penalty > 0.0 && repetition_penalty.is_finite()) {
            let what = format!("the repetition penalty is {repetition_penalty}; it must be greater than 0");
            return Err(codes::sampling_refused(what));
        }
        Ok(())
    }

    /// The token whose share of the interval [0, 1) holds `uniform`, after the text `seen`; the most probable tokens come first, equal
    /// ones by their id. None if no logit is finite, or one is not a number or infinite.
    pub(super) fn choose(self, logits: &mut [f64], seen: &[u32], uniform: f64) -> Option<u32> {
        // A masked token may be minus infinity; it gets no share.
        if logits.iter().any(|l| l.is_nan() || *l == f64::INFINITY) {
            return None;
        }
        self.penalise(logits, seen);
        if self.temperature == 0.0 {
            return likeliest(logits);
        }
        draw(&self.considered(logits), uniform)
    }

    fn penalise(self, logits: &mut [f64], seen: &[u32]) {
        if self.repetition_penalty == 1.0 {
            return;
        }
        for token in seen.iter().collect::<BTreeSet<_>>() {
            if let Some(logit) = logits.get_mut(*token as usize) {
                let factor =
                    if *logit < 0.0 { self.repetition_penalty } else { 1.0 / self.repetition_penalty };
                *logit *= factor;
            }
        }
    }

    /// The tokens that may be drawn, with their logits over the temperature, the most probable first.
    fn considered(self, logits: &[f64]) -> Vec<(u32, f64)> {
        let scaled = (0u32..).zip(logits).map(|(token, logit)| (token, logit / self.temperature));
        let mut order: Vec<(u32, f64)> = scaled.filter(|(_, logit)| logit.is_finite()).collect();
        let by_probability = |a: &(u32, f64), b: &(u32, f64)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if let Some(k) = self.top_k.filter(|k| *k < order.len()) {
            let (_, (_, least), _) = order.select_nth_unstable_by(k.saturating_sub(1), by_probability);
            let least = *least;
            order.retain(|(_, logit)| *logit >= least);
        }
        order.sort_unstable_by(by_probability);
        if let Some(p) = self.top_p.filter(|p| *p < 1.0) {
            order.truncate(kept(&weights(&order), p));
        }
        order
    }
}

/// Weights relative to the largest.
fn weights(order: &[(u32, f64)]) -> Vec<f64> {
    let largest = order.first().map_or(0.0, |(_, logit)| *logit);
    order.iter().map(|(_, logit)| (logit - largest).exp()).collect()
}

/// How many of the weights, largest first, are left when the smallest with 1 − p of their sum are taken away; one at least.
fn kept(weights: &[f64], p: f64) -> usize {
    let allowed = (1.0 - p) * weights.iter().sum::<f64>();
    let mut taken = 0.0;
    let gone = weights.iter().rev().take_while(|weight| {
        taken += **weight;
        taken <= allowed
    });
    (weights.len() - gone.count()).max(1)
}

/// The smallest id with the largest logit.
fn likeliest(logits: &[f64]) -> Option<u32> {
    let finite = (0u32..).zip(logits).filter(|(_, logit)| logit.is_finite());
    let best = finite.reduce(|best, other| if *other.1 > *best.1 { other } else { best });
    best.map(|(token, _)| token)
}

fn draw(order: &[(u32, f64)], uniform: f64) -> Option<u32> {
    let weights = weights(order);
    let mut left = uniform * weights.iter().sum::<f64>();
    for ((token, _), weight) in order.iter().zip(weights) {
        left -= weight;
        if left < 0.0 {
            return Some(*token);
        }
    }
    // Rounding may leave a crumb: it belongs to the most probable token.
    order.first().map(|(token, _)| *token)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOT: Sampling = Sampling { temperature: 1.0, ..Sampling::GREEDY };

    fn choose(logits: &[f64], sampling: Sampling, uniform: f64) -> Option<u32> {
        sampling.choose(&mut logits.to_vec(), &[], uniform)
    }

    #[test]
    fn shares_are_the_softmax() {
        // e^0 : e^ln 3 = 1 : 3, the larger first.
        let logits = [0.0, 3.0_f64.ln()];
        assert_eq!(choose(&logits, HOT, 0.0), Some(1));
        assert_eq!(choose(&logits, HOT, 0.749), Some(1));
        assert_eq!(choose(&logits, HOT, 0.751), Some(0));
        assert_eq!(choose(&logits, HOT, 1.0 - f64::EPSILON), Some(0));
    }

    #[test]
    fn temperature_sharpens_and_zero_decides() {
        let cold = Sampling { temperature: 0.1, ..HOT };
        assert_eq!(choose(&[0.0, 1.0], cold, 0.99), Some(1));
        assert_eq!(choose(&[0.0, 1.0], HOT, 0.99), Some(0));
        assert_eq!(choose(&[1.0, 1.0], Sampling::GREEDY, 0.99), Some(0), "ties go to the smaller id");
    }

    #[test]
    fn top_k_leaves_the_rest_without_a_share() {
        let two = Sampling { top_k: Some(2), ..HOT };
        for step in 0..100 {
            assert_ne!(choose(&[0.0, 2.0, 1.0], two, f64::from(step) / 100.0), Some(0));
        }
        // Of equals with the last one all stay, as in transformers.
        assert_eq!(two.considered(&[1.0, 2.0, 1.0, 0.0]).len(), 3);
    }

    #[test]
    fn logits_that_are_not_numbers_draw_nothing() {
        assert_eq!(choose(&[0.0, f64::NAN], HOT, 0.5), None);
        assert_eq!(choose(&[], HOT, 0.5), None);
        assert_eq!(choose(&[f64::NEG_INFINITY], Sampling::GREEDY, 0.5), None);
        assert_eq!(choose(&[f64::NEG_INFINITY, 0.0], HOT, 0.9), Some(1));
    }

    #[test]
    fn enormous_differences_do_not_overflow() {
        assert_eq!(choose(&[-1e300, 1e300], HOT, 0.999), Some(1));
    }

    /// The tokens that transformers' processors leave, and their logits, as `tests/oracle/sampling.py` wrote them.
    #[test]
    fn processors_leave_what_those_of_transformers_leave() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/sampling/processors.json");
        let golden: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let floats = |v: &serde_json::Value| -> Vec<f64> {
            v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
        };
        let cases = golden["cases"].as_array().unwrap();
        assert!(cases.len() >= 20);
        for case in cases {
            let mut logits = floats(&golden["logits"][case["row"].as_u64().unwrap() as usize]);
            let seen: Vec<u32> = floats(&case["seen"]).iter().map(|t| *t as u32).collect();
            let sampling = Sampling {
                temperature: case["temperature"].as_f64().unwrap(),
                top_k: case["top_k"].as_u64().map(|k| k as usize),
                top_p: case["top_p"].as_f64(),
                repetition_penalty: case["repetition_penalty"].as_f64().unwrap(),
            };
            sampling.penalise(&mut logits, &seen);
            let mut found = sampling.considered(&logits);
            found.sort_unstable_by_key(|(token, _)| *token);
            let tokens: Vec<f64> = found.iter().map(|(token, _)| f64::from(*token)).collect();
            assert_eq!(tokens, floats(&case["kept"]), "{case}");
            for ((_, logit), wanted) in found.iter().zip(floats(&case["left"])) {
                // transformers computes them in f32.
                assert!(
                    (logit - wanted).abs() <= 1e-6 * wanted.abs().max(1.0),
                    "{logit} for {wanted}, {case}"
                );
            }
        }
    }
}
