//! Overlap with evaluation data: n-grams of words of the simplified texts, as datatrove's n-gram decontamination compares them
//! (huggingface/datatrove: pipeline/decont/n_grams.py).

use crate::clean::subject::{Judge, Scratch, Subject, Verdict};
use crate::clean::text::simplify::simplify;
use crate::clean::text::words::words;
use crate::{Outcome, Place, files, read};
use ahash::AHashSet;
use regimen_base::cleaning::Decontaminate;
use xxhash_rust::xxh3::Xxh3;

pub(super) struct Overlap {
    ngram: usize,
    known: AHashSet<u64>,
}

impl Overlap {
    /// Reads the evaluation data.
    pub(super) fn read(place: &Place, asked: &Decontaminate) -> Outcome<Overlap> {
        let mut overlap = Overlap { ngram: asked.ngram as usize, known: AHashSet::new() };
        for source in &asked.against {
            let files = files::find(place, &source.name, &source.files)?;
            for document in read::documents(&source.format, &files) {
                overlap.add(&document.map_err(|fault| vec![*fault])?.text);
            }
        }
        Ok(overlap)
    }

    fn add(&mut self, text: &str) {
        let simple = simplify(text);
        let hashes: Vec<u64> = n_grams(&words(&simple), self.ngram).collect();
        self.known.extend(hashes);
    }
}

impl Judge for Overlap {
    fn judge(&self, subject: &mut Subject, _: &mut Scratch) -> Verdict {
        let simple = simplify(subject.text());
        let words = words(&simple);
        match n_grams(&words, self.ngram).position(|hash| self.known.contains(&hash)) {
            None => Verdict::Keep,
            Some(at) => {
                let shared = words.get(at..at + self.ngram).unwrap_or(&[]).join(" ");
                Verdict::Drop { rule: "overlap with evaluation data", detail: format!("`{shared}`") }
            }
        }
    }
}

/// Hashes of all runs of `n` words.
fn n_grams<'a>(words: &'a [&'a str], n: usize) -> impl Iterator<Item = u64> + 'a {
    words.windows(n.max(1)).map(|run| {
        let mut hasher = Xxh3::new();
        for word in run {
            hasher.update(word.as_bytes());
            hasher.update(b" ");
        }
        hasher.digest()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_punctuation_and_numbers_do_not_matter() {
        let mut overlap = Overlap { ngram: 4, known: AHashSet::new() };
        overlap.add("What is 12 times 7, roughly?");
        let judge = |text: &str| overlap.judge(&mut Subject::new(text.into()), &mut Scratch::default());
        assert!(matches!(judge("so WHAT is 99 times: nine"), Verdict::Drop { .. }));
        assert_eq!(judge("what is many times more"), Verdict::Keep);
        assert_eq!(judge("what is"), Verdict::Keep);
    }
}
