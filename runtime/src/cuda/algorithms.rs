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
use std::path::PathBuf;
use std::time::Duration;

/// What an algorithm is chosen by: sizes and types of the product, and what follows it.
pub type Key = [i64; 10];

/// An algorithm, as the library serialises it.
pub type Algorithm = sys::cublasLtMatmulAlgo_t;

/// How many are measured, and how often.
const CANDIDATES: usize = 8;
const ROUNDS: usize = 4;

/// The choices made so far; none for a product that the library does not have.
pub struct Algorithms {
    measured: bool,
    place: Option<PathBuf>,
    known: RefCell<BTreeMap<Key, Option<Algorithm>>>,
}

impl Algorithms {
    /// With those that a card of this name chose before, if they are to be `measured`.
    pub fn new(measured: bool, card: &str) -> Algorithms {
        // SAFETY: only returns a number.
        let version = unsafe { sys::cublasLtGetVersion() };
        let card: String = card.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let place = cache::file(&format!("products-{card}-{version}.txt")).filter(|_| measured);
        let text = place.as_ref().and_then(|place| std::fs::read_to_string(place).ok()).unwrap_or_default();
        let known = text.lines().filter_map(read).map(|(key, algorithm)| (key, Some(algorithm))).collect();
        Algorithms { measured, place, known: RefCell::new(known) }
    }

    /// How many candidates are worth asking for.
    pub fn candidates(&self) -> usize {
        if self.measured { CANDIDATES } else { 1 }
    }

    /// What was chosen before.
    pub fn known(&self, key: &Key) -> Option<Option<Algorithm>> {
        self.known.borrow().get(key).copied()
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
        let chosen = match candidates {
            [] => None,
            [only] => Some(*only),
            _ => Some(fastest(candidates, cuda, run)?),
        };
        self.known.borrow_mut().insert(key, chosen);
        if let Some(place) = &self.place {
            let known = self.known.borrow();
            let lines = known.iter().filter_map(|(key, algorithm)| Some(write(key, &(*algorithm)?)));
            cache::keep(place, lines.collect::<String>().as_bytes());
        }
        Ok(chosen)
    }
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
        for (candidate, best) in candidates.iter().zip(&mut best) {
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
