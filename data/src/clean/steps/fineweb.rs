//! Quality rules of FineWeb, with datatrove's reading of them (huggingface/datatrove: pipeline/filters/fineweb_quality_filter.py).

use crate::clean::subject::{Judge, Scratch, Subject, Verdict};
use crate::clean::text::characters;
use crate::clean::text::punctuation::is_terminal;
use regimen_base::cleaning::Fineweb;
use xxhash_rust::xxh3::xxh3_64;

pub(super) struct Quality(pub Fineweb);

impl Judge for Quality {
    fn judge(&self, subject: &mut Subject, scratch: &mut Scratch) -> Verdict {
        let asked = &self.0;
        let text = subject.text();
        let lines: Vec<&str> = text.split('\n').filter(|line| !line.trim().is_empty()).collect();
        if lines.is_empty() {
            return Verdict::Drop { rule: "nothing but white space", detail: String::new() };
        }
        let share = |count: usize| count as f64 / lines.len() as f64;
        let ended = lines.iter().filter(|line| line.chars().next_back().is_some_and(is_terminal)).count();
        let short = lines.iter().filter(|line| characters(line) as u64 <= asked.short_line).count();
        scratch.tally.clear(lines.len());
        let again = lines.iter().filter(|line| scratch.tally.count(xxh3_64(line.as_bytes())) > 0);
        let repeated: usize = again.map(|line| characters(line)).sum();
        let feeds = text.bytes().filter(|b| *b == b'\n').count();
        let total = characters(text) - feeds;
        let judged = Verdict::below("too few lines that end", share(ended), asked.min_terminal_lines)
            .or_else(|| Verdict::above("too many short lines", share(short), asked.max_short_lines))
            .or_else(|| {
                let share = repeated as f64 / total.max(1) as f64;
                Verdict::above("characters in duplicate lines", share, asked.max_duplicate_characters)
            })
            .or_else(|| {
                let words = subject.words().len().max(1);
                Verdict::above("too many line feeds", feeds as f64 / words as f64, asked.max_newlines)
            });
        judged.unwrap_or(Verdict::Keep)
    }
}
