//! Repetition rules of Gopher, with datatrove's reading of them (huggingface/datatrove:
//! pipeline/filters/gopher_repetition_filter.py). Shares are of all characters of the document.

use crate::clean::subject::{Judge, Scratch, Subject, Verdict};
use crate::clean::text::characters;
use crate::clean::text::lines::between_feeds;
use crate::clean::text::tally::Tally;
use regimen_base::cleaning::GopherRepetition;
use xxhash_rust::xxh3::xxh3_64;

pub(super) struct Repetition(pub GopherRepetition);

const TOP: [&str; 3] = ["top 2-gram", "top 3-gram", "top 4-gram"];
const DUPLICATE: [&str; 6] = [
    "duplicate 5-grams",
    "duplicate 6-grams",
    "duplicate 7-grams",
    "duplicate 8-grams",
    "duplicate 9-grams",
    "duplicate 10-grams",
];

impl Judge for Repetition {
    fn judge(&self, subject: &mut Subject, scratch: &mut Scratch) -> Verdict {
        self.parts(subject.text(), &mut scratch.tally)
            .or_else(|| {
                let total = characters(subject.text()) as f64;
                self.n_grams(&subject.words(), total, &mut scratch.tally)
            })
            .unwrap_or(Verdict::Keep)
    }
}

impl Repetition {
    /// Lines and paragraphs that occurred before.
    fn parts(&self, text: &str, tally: &mut Tally) -> Option<Verdict> {
        let asked = &self.0;
        let total = characters(text).max(1) as f64;
        let paragraphs = between_feeds(text.trim(), 2);
        let (count, length) = repeated(&paragraphs, tally);
        let share = count as f64 / paragraphs.len().max(1) as f64;
        let judged =
            Verdict::above("duplicate paragraphs", share, asked.duplicate_paragraphs).or_else(|| {
                let share = length as f64 / total;
                Verdict::above(
                    "characters in duplicate paragraphs",
                    share,
                    asked.duplicate_paragraph_characters,
                )
            });
        judged.or_else(|| {
            let lines = between_feeds(text, 1);
            let (count, length) = repeated(&lines, tally);
            let share = count as f64 / lines.len().max(1) as f64;
            Verdict::above("duplicate lines", share, asked.duplicate_lines).or_else(|| {
                let share = length as f64 / total;
                Verdict::above("characters in duplicate lines", share, asked.duplicate_line_characters)
            })
        })
    }

    fn n_grams(&self, words: &[&str], total: f64, tally: &mut Tally) -> Option<Verdict> {
        let hashes: Vec<u64> = words.iter().map(|word| xxh3_64(word.as_bytes())).collect();
        // Characters before each word.
        let mut sums = Vec::with_capacity(words.len() + 1);
        let mut sum = 0;
        sums.push(0);
        for word in words {
            sum += characters(word);
            sums.push(sum);
        }
        let total = total.max(1.0);
        let top = self.0.top_n_grams.iter().zip(TOP).zip(2..).find_map(|((limit, rule), n)| {
            Verdict::above(rule, commonest(&hashes, &sums, n, tally) as f64 / total, *limit)
        });
        top.or_else(|| {
            self.0.duplicate_n_grams.iter().zip(DUPLICATE).zip(5..).find_map(|((limit, rule), n)| {
                Verdict::above(rule, duplicates(&hashes, &sums, n, tally) as f64 / total, *limit)
            })
        })
    }
}

/// How many parts occurred before, and their characters.
fn repeated(parts: &[&str], tally: &mut Tally) -> (usize, usize) {
    tally.clear(parts.len());
    let again: Vec<&&str> = parts.iter().filter(|part| tally.count(xxh3_64(part.as_bytes())) > 0).collect();
    (again.len(), again.iter().map(|part| characters(part)).sum())
}

/// The hash of `n` words.
fn hash(words: &[u64]) -> u64 {
    words.iter().fold(0x51_7C_C1_B7_27_22_0A_95, |hash, word| {
        (hash ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31)
    })
}

fn length(sums: &[usize], start: usize, n: usize) -> usize {
    sums.get(start + n).copied().unwrap_or(0) - sums.get(start).copied().unwrap_or(0)
}

/// Characters, spaces between words included, of all occurrences of the commonest n-gram; of equally common ones the first.
fn commonest(hashes: &[u64], sums: &[usize], n: usize, tally: &mut Tally) -> usize {
    tally.clear(hashes.len());
    let most = hashes.windows(n).map(|words| tally.count(hash(words)) + 1).max().unwrap_or(0);
    // A second pass finds the first that occurs as often.
    let first = hashes.windows(n).position(|words| tally.count(hash(words)) == most);
    first.map_or(0, |start| (length(sums, start, n) + n - 1) * most as usize)
}

/// Characters in n-grams that occurred before, which do not overlap.
fn duplicates(hashes: &[u64], sums: &[usize], n: usize, tally: &mut Tally) -> usize {
    tally.clear(hashes.len());
    let (mut at, mut repeated) = (0, 0);
    while let Some(words) = hashes.get(at..at + n) {
        if tally.count(hash(words)) > 0 {
            repeated += length(sums, at, n);
            at += n;
        } else {
            at += 1;
        }
    }
    repeated
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(words: &[&str]) -> (Vec<u64>, Vec<usize>) {
        let hashes = words.iter().map(|w| xxh3_64(w.as_bytes())).collect();
        let mut sum = 0;
        let ends = words.iter().map(|w| {
            sum += w.len();
            sum
        });
        (hashes, [0].into_iter().chain(ends).collect())
    }

    #[test]
    fn n_grams_are_counted_as_published() {
        let words: Vec<&str> = "a b a b a b c dd e dd e".split(' ').collect();
        let (hashes, sums) = sums(&words);
        let mut tally = Tally::default();
        // `a b` occurs three times: 3 characters each.
        assert_eq!(commonest(&hashes, &sums, 2, &mut tally), 9);
        // After the first `a b`: `b a`, then `a b` and `a b`, later `dd e`.
        assert_eq!(duplicates(&hashes, &sums, 2, &mut tally), 2 + 2 + 3);
        assert_eq!(commonest(&hashes, &sums, 20, &mut tally), 0);
    }

    #[test]
    fn the_first_of_equally_common_n_grams_counts() {
        let words: Vec<&str> = "a b x long words y a b z long words".split(' ').collect();
        let (hashes, sums) = sums(&words);
        assert_eq!(commonest(&hashes, &sums, 2, &mut Tally::default()), 2 * 3);
    }
}
