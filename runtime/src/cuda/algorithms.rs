//! Which of the library's algorithms computes a product.
//!
//! Where runs must repeat bit for bit, it is the one that the library names first. Elsewhere it is the fastest of several, measured when
//! a card first meets the product, and kept in the user's cache: the next run chooses the same without measuring.

use super::cache;
use super::device::Cuda;
use super::marks::Marks;
use cudarc::cublaslt::sys;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What an algorithm is chosen by: sizes and types of the product, and what follows it.
pub type Key = [i64; 10];

/// An algorithm, as the library serialises it.
pub type Algorithm = sys::cublasLtMatmulAlgo_t;

/// How many are measured, and how often.
const CANDIDATES: usize = 8;
const ROUNDS: usize = 4;
/// One that took this many halves of the best one's time in the first round is not run again.
const HOPELESS: u32 = 3;

/// The choices made so far; none for a product that the library does not have.
pub struct Algorithms {
    measured: bool,
    place: Option<PathBuf>,
    known: RefCell<BTreeMap<Key, Choice>>,
}

/// What was chosen; nothing where the library has no algorithm.
#[derive(Clone, Copy)]
struct Choice {
    algorithm: Option<Algorithm>,
    /// Whether others were tried: only then it is worth keeping.
    measured: bool,
}

impl Algorithms {
    /// With those that a card of this name chose before, if they are to be `measured`.
    pub fn new(measured: bool, card: &str) -> Algorithms {
        // SAFETY: only returns a number.
        let version = unsafe { sys::cublasLtGetVersion() };
        let card: String = card.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let place = cache::file(&format!("products-{card}-{version}.txt")).filter(|_| measured);
        let known = place.as_deref().map(kept).unwrap_or_default();
        Algorithms { measured, place, known: RefCell::new(known) }
    }

    /// How many candidates are worth asking for.
    pub fn candidates(&self) -> usize {
        if self.measured { CANDIDATES } else { 1 }
    }

    /// What was chosen before.
    pub fn known(&self, key: &Key) -> Option<Option<Algorithm>> {
        self.known.borrow().get(key).map(|choice| choice.algorithm)
    }

    /// Chooses among candidates, the library's favourite first; `run` computes the product with one of them.
    ///
    /// # Errors
    /// If the GPU fails.
    pub fn choose(
        &self,
        key: Key,
        candidates: &[Algorithm],
        cuda: &Cuda,
        run: &dyn Fn(&Algorithm) -> Result<(), String>,
    ) -> Result<Option<Algorithm>, String> {
        let (algorithm, measured) = match candidates {
            [] => (None, false),
            [only] => (Some(*only), false),
            _ => (Some(fastest(candidates, cuda, run)?), true),
        };
        self.known.borrow_mut().insert(key, Choice { algorithm, measured });
        if let (Some(place), true) = (&self.place, measured) {
            // Another process may have added its own meanwhile.
            let mut all = kept(place);
            all.extend(self.known.borrow().iter().filter(|(_, choice)| choice.measured));
            let lines = all.iter().filter_map(|(key, choice)| Some(write(key, &choice.algorithm?)));
            cache::keep(place, lines.collect::<String>().as_bytes());
        }
        Ok(algorithm)
    }
}

/// What the cache holds.
fn kept(place: &Path) -> BTreeMap<Key, Choice> {
    let text = cache::read(place).and_then(|content| String::from_utf8(content).ok()).unwrap_or_default();
    let choice = |(key, algorithm)| (key, Choice { algorithm: Some(algorithm), measured: true });
    text.lines().filter_map(read).map(choice).collect()
}

/// The one with the shortest run. They take turns, so that a clock that changes meets all of them.
fn fastest(
    candidates: &[Algorithm],
    cuda: &Cuda,
    run: &dyn Fn(&Algorithm) -> Result<(), String>,
) -> Result<Algorithm, String> {
    let marks = Marks::new(2)?;
    let mut best = vec![Duration::MAX; candidates.len()];
    for round in 0..=ROUNDS {
        let leader = best.iter().min().copied().unwrap_or(Duration::MAX);
        for (candidate, best) in candidates.iter().zip(&mut best) {
            if round > 1 && *best > leader.saturating_mul(HOPELESS) / 2 {
                continue;
            }
            marks.set(0, cuda)?;
            let done = run(candidate);
            marks.set(1, cuda)?;
            let spans = marks.spans()?;
            // The first run loads code.
            if let (Ok(()), Some(span), true) = (done, spans.first(), round > 0) {
                *best = (*span).min(*best);
            }
        }
    }
    let fastest = candidates.iter().zip(&best).min_by_key(|(_, time)| **time);
    fastest.map(|(algorithm, _)| *algorithm).ok_or_else(|| "there is no algorithm".to_owned())
}

/// A line of the cache: the key's numbers, the algorithm's words.
fn write(key: &Key, algorithm: &Algorithm) -> String {
    let numbers: Vec<String> = key.iter().map(ToString::to_string).collect();
    let words: Vec<String> = algorithm.data.iter().map(|word| format!("{word:x}")).collect();
    format!("{} = {}\n", numbers.join(" "), words.join(" "))
}

fn read(line: &str) -> Option<(Key, Algorithm)> {
    let (numbers, words) = line.split_once(" = ")?;
    let numbers: Result<Vec<i64>, _> = numbers.split(' ').map(str::parse).collect();
    let words: Result<Vec<u64>, _> = words.split(' ').map(|word| u64::from_str_radix(word, 16)).collect();
    Some((numbers.ok()?.try_into().ok()?, Algorithm { data: words.ok()?.try_into().ok()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_cache_come_back_and_damaged_ones_are_left_out() {
        let key = [32_768, 768, 768, 1, 1, 0, 0, 1, 0, 3];
        let algorithm = Algorithm { data: [1, u64::MAX, 3, 4, 5, 6, 7, 0] };
        let line = write(&key, &algorithm);
        assert_eq!(read(line.trim_end()), Some((key, algorithm)));
        for damaged in ["", "1 2 = 3", &line.replace("ffff", "xyz"), &line[..line.len() - 4]] {
            assert_eq!(read(damaged.trim_end()), None, "{damaged}");
        }
    }
}
