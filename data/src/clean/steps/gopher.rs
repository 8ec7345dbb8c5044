//! Quality rules of Gopher, with datatrove's reading of them (huggingface/datatrove: pipeline/filters/gopher_quality_filter.py):
//! the same thresholds, the same order, so that a document is dropped by the same rule.

use crate::clean::subject::{Judge, Scratch, Subject, Verdict};
use crate::clean::text::characters;
use crate::clean::text::lines::lines;
use crate::clean::text::punctuation::is_symbol;
use regimen_base::cleaning::Gopher;

pub(super) struct Quality(pub Gopher);

const STOP_WORDS: [&str; 8] = ["the", "be", "to", "of", "and", "that", "have", "with"];

impl Judge for Quality {
    fn judge(&self, subject: &mut Subject, _: &mut Scratch) -> Verdict {
        let asked = &self.0;
        let words = subject.words();
        let counts = Counts::of(&words);
        let all = words.len().max(1) as f64;
        let text = subject.text();
        let judged = Verdict::below("too few words", counts.words as f64, asked.min_words as f64)
            .or_else(|| Verdict::above("too many words", counts.words as f64, asked.max_words as f64))
            .or_else(|| Verdict::below("words too short", counts.mean_length(), asked.min_word_length))
            .or_else(|| Verdict::above("words too long", counts.mean_length(), asked.max_word_length))
            .or_else(|| {
                let hashes = text.bytes().filter(|b| *b == b'#').count();
                Verdict::above("too many hash signs", hashes as f64 / all, asked.max_symbols)
            })
            .or_else(|| {
                let ellipses = text.matches("...").count() + text.matches('…').count();
                Verdict::above("too many ellipses", ellipses as f64 / all, asked.max_symbols)
            })
            .or_else(|| self.lines(text))
            .or_else(|| {
                let share = counts.alphabetic as f64 / all;
                Verdict::below("too few words with letters", share, asked.min_alphabetic_words)
            })
            .or_else(|| {
                let found = counts.stop_words.iter().filter(|seen| **seen).count();
                Verdict::below("too few stop words", found as f64, asked.min_stop_words as f64)
            });
        judged.unwrap_or(Verdict::Keep)
    }
}

impl Quality {
    fn lines(&self, text: &str) -> Option<Verdict> {
        let (mut count, mut bullets, mut ellipses) = (0usize, 0usize, 0usize);
        for line in lines(text) {
            count += 1;
            bullets += usize::from(line.trim_start().starts_with(['•', '-']));
            let end = line.trim_end();
            ellipses += usize::from(end.ends_with("...") || end.ends_with('…'));
        }
        let share = |part: usize| part as f64 / count.max(1) as f64;
        Verdict::above("too many bullets", share(bullets), self.0.max_bullet_lines)
            .or_else(|| Verdict::above("too many lines cut off", share(ellipses), self.0.max_ellipsis_lines))
    }
}

#[derive(Default)]
struct Counts {
    /// Words that are not only punctuation, and their characters.
    words: usize,
    characters: usize,
    /// Words with a letter.
    alphabetic: usize,
    stop_words: [bool; 8],
}

impl Counts {
    fn of(words: &[&str]) -> Counts {
        let mut counts = Counts::default();
        for word in words {
            if word.chars().any(|c| !is_symbol(c)) {
                counts.words += 1;
                counts.characters += characters(word);
            }
            counts.alphabetic += usize::from(word.chars().any(char::is_alphabetic));
            if word.len() < 5 {
                for (stop, seen) in STOP_WORDS.iter().zip(&mut counts.stop_words) {
                    *seen |= stop == word;
                }
            }
        }
        counts
    }

    fn mean_length(&self) -> f64 {
        self.characters as f64 / self.words.max(1) as f64
    }
}
