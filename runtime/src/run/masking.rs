//! Hides tokens of a sample and makes those that were there its labels.
//!
//! What becomes of a token depends on the key, the sample's index and the token's position in it; where the choice is the same in
//! every epoch, on the token's place in the text instead. So neither batches nor a resume can change it.

use crate::generate::philox::philox;
use regimen_base::schedule::Masking;
use regimen_data::Tokenize;
use regimen_data::tokenizer::{Edges, edges};

/// The label of a position that does not count.
pub const IGNORED: i64 = -100;

/// A masking with what it must know of the tokenizer.
#[derive(Clone, Debug)]
pub struct Masker {
    masking: Masking,
    /// By token. Empty unless words are chosen.
    edges: Vec<Edges>,
}

/// Where a sample lies: what its choices depend on.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Index of the sample, counted over all epochs.
    pub sample: u64,
    /// Position of its first token in the text of its split.
    pub start: u64,
    /// Tokens of the split.
    pub tokens: u64,
    /// Tokens of the sources before this one in a mix.
    pub before: u64,
}

impl Masker {
    /// Prepares a masking; the vocabulary is looked through if words are chosen.
    pub fn new(masking: &Masking, tokenizer: &dyn Tokenize) -> Masker {
        let edges = if masking.whole_words { edges(tokenizer) } else { vec![] };
        Masker { masking: masking.clone(), edges }
    }

    /// Hides tokens; labels are those that were hidden, and [`IGNORED`] elsewhere. Returns how many there are.
    pub fn hide(&self, place: Place, tokens: &mut [i64], labels: &mut [i64]) -> u64 {
        let masking = &self.masking;
        let (mut hidden, mut before) = (0, None);
        let mut word = false;
        for (position, (token, label)) in (0u64..).zip(tokens.iter_mut().zip(labels)) {
            let original = *token;
            let words = self.draw(place, position);
            if !self.goes_on(before, original) {
                word = uniform(words[0]) < masking.rate;
            }
            before = Some(original);
            let spared = u32::try_from(original).is_ok_and(|id| masking.spared.contains(&id));
            *label = if word && !spared { original } else { IGNORED };
            if *label == IGNORED {
                continue;
            }
            hidden += 1;
            let kind = uniform(words[1]);
            if kind < masking.masked {
                *token = i64::from(masking.mask);
            } else if kind < masking.masked + masking.random {
                // Uniform up to one part in 2³².
                let random = (u128::from(u64::from(words[3]) << 32 | u64::from(words[2]))
                    * u128::from(masking.vocab))
                    >> 64;
                *token = random as i64;
            }
        }
        hidden
    }

    /// Whether a token belongs to the word of the one before it. Without words, no token does.
    fn goes_on(&self, before: Option<i64>, token: i64) -> bool {
        let edges = |id: i64| usize::try_from(id).ok().and_then(|id| self.edges.get(id)).copied();
        let of = |id| edges(id).unwrap_or_default();
        before.is_some_and(|before| Edges::join(of(before), of(token)))
    }

    fn draw(&self, place: Place, position: u64) -> [u32; 4] {
        let key = self.masking.key as u64;
        let (one, other) = match self.masking.fixed {
            true => (place.before + (place.start + position) % place.tokens.max(1), 0),
            false => (position, place.sample + 1),
        };
        let counter = [one as u32, (one >> 32) as u32, other as u32, (other >> 32) as u32];
        philox(counter, [key as u32, (key >> 32) as u32])
    }
}

/// A number in [0, 1).
fn uniform(word: u32) -> f64 {
    f64::from(word) / 4_294_967_296.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use regimen_data::tokenizer::Bytes;

    fn masking() -> Masking {
        Masking {
            rate: 0.15,
            masked: 0.8,
            random: 0.1,
            whole_words: false,
            fixed: false,
            mask: 257,
            vocab: 258,
            spared: vec![256],
            key: -7,
        }
    }

    /// Tokens and labels of some samples of this text.
    fn hidden(masking: &Masking, text: &[i64], samples: std::ops::Range<u64>) -> Vec<(Vec<i64>, Vec<i64>)> {
        let masker = Masker::new(masking, &Bytes);
        let one = |sample| {
            let (mut tokens, mut labels) = (text.to_vec(), vec![0; text.len()]);
            let place = Place { sample, start: 0, tokens: text.len() as u64, before: 0 };
            let count = masker.hide(place, &mut tokens, &mut labels);
            assert_eq!(count, labels.iter().filter(|l| **l != IGNORED).count() as u64);
            (tokens, labels)
        };
        samples.map(one).collect()
    }

    /// Whether a count of `n` draws with probability `p` lies within five standard deviations.
    fn binomial(what: &str, count: usize, n: usize, p: f64) {
        let (expected, deviation) = (n as f64 * p, (n as f64 * p * (1.0 - p)).sqrt());
        assert!(
            (count as f64 - expected).abs() <= 5.0 * deviation,
            "{what}: {count} of {n}, expected {expected}"
        );
    }

    #[test]
    fn shares_are_those_declared() {
        for (rate, masked, random) in [(0.15, 0.8, 0.1), (0.15, 0.85, 0.0), (0.4, 0.5, 0.5)] {
            let masking = Masking { rate, masked, random, ..masking() };
            let text: Vec<i64> = (0..512).map(|i| i % 97).collect();
            let samples = hidden(&masking, &text, 0..400);
            let chosen: Vec<(i64, i64)> = (samples.iter())
                .flat_map(|(tokens, labels)| tokens.iter().copied().zip(labels.iter().copied()))
                .filter(|(_, label)| *label != IGNORED)
                .collect();
            binomial("chosen", chosen.len(), 512 * 400, rate);
            let n = chosen.len();
            binomial("masked", chosen.iter().filter(|(t, _)| *t == 257).count(), n, masked + random / 258.0);
            let kept = 1.0 - masked - random;
            binomial("kept", chosen.iter().filter(|(t, l)| t == l).count(), n, kept + random / 258.0);
            for id in [0, 100, 256] {
                let count = chosen.iter().filter(|(t, l)| *t == id && l != t).count();
                binomial("one random token", count, n, random / 258.0);
            }
        }
    }

    #[test]
    fn what_is_not_hidden_stays_and_labels_are_what_was_there() {
        let text: Vec<i64> = (0..200).collect();
        for (tokens, labels) in hidden(&masking(), &text, 0..50) {
            for ((token, label), original) in tokens.iter().zip(&labels).zip(&text) {
                assert!(*label == IGNORED && token == original || label == original);
            }
        }
    }

    #[test]
    fn the_token_between_documents_is_never_hidden() {
        let masking = Masking { rate: 1.0, ..masking() };
        let text = [65, 256, 66, 256];
        for (tokens, labels) in hidden(&masking, &text, 0..50) {
            assert_eq!((tokens[1], labels[1], tokens[3], labels[3]), (256, IGNORED, 256, IGNORED));
            assert_eq!((labels[0], labels[2]), (65, 66));
        }
    }

    #[test]
    fn each_sample_has_a_choice_of_its_own_unless_the_choice_is_fixed() {
        let text: Vec<i64> = (0..100).collect();
        let fresh = hidden(&masking(), &text, 3..5);
        assert_ne!(fresh[0], fresh[1]);
        assert_eq!(fresh, hidden(&masking(), &text, 3..5));
        let fixed = Masking { fixed: true, ..masking() };
        let same = hidden(&fixed, &text, 3..5);
        assert_eq!(same[0], same[1]);
        // Cut at another place, the same tokens are hidden.
        let masker = Masker::new(&fixed, &Bytes);
        let (mut tokens, mut labels) = ((40..100).chain(0..10).collect::<Vec<i64>>(), vec![0; 70]);
        masker.hide(Place { sample: 9, start: 40, tokens: 100, before: 0 }, &mut tokens, &mut labels);
        assert_eq!(labels, [&same[0].1[40..], &same[0].1[..10]].concat());
    }

    #[test]
    fn words_are_hidden_whole() {
        let masking = Masking { whole_words: true, rate: 0.3, ..masking() };
        let text: Vec<i64> = "to be, or not to be: that is the question ".bytes().map(i64::from).collect();
        let mut chosen = 0;
        for (_, labels) in hidden(&masking, &text, 0..200) {
            let marks: Vec<bool> = labels.iter().map(|l| *l != IGNORED).collect();
            for word in [0..2, 3..5, 7..9, 10..13, 21..25, 33..41] {
                let first = marks[word.start];
                chosen += usize::from(first);
                assert!(marks[word].iter().all(|m| *m == first));
            }
        }
        binomial("words", chosen, 6 * 200, 0.3);
    }
}
