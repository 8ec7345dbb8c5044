//! Quality rules of C4, with datatrove's reading of them (huggingface/datatrove: pipeline/filters/c4_filters.py).

use crate::clean::subject::{Judge, Scratch, Subject, Verdict};
use crate::clean::text::characters;
use crate::clean::text::lines::lines;
use crate::clean::text::words::{sentences, words};
use regimen_base::cleaning::C4;
use std::borrow::Cow;

pub(super) struct Lines {
    asked: C4,
}

const POLICIES: [&str; 6] =
    ["terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"];

/// Why a line goes.
enum Line<'a> {
    Kept(Cow<'a, str>),
    Removed(&'static str),
    /// The document goes with it.
    Fatal(&'static str),
}

impl Judge for Lines {
    fn judge(&self, subject: &mut Subject, _: &mut Scratch) -> Verdict {
        let mut kept = String::with_capacity(subject.text().len());
        let mut found = 0;
        let mut removed: Vec<(&'static str, u64)> = vec![];
        for line in lines(subject.text()) {
            match self.line(line.trim()) {
                Line::Fatal(rule) => return Verdict::Drop { rule, detail: String::new() },
                Line::Removed(why) => match removed.iter_mut().find(|(w, _)| *w == why) {
                    Some((_, count)) => *count += 1,
                    None => removed.push((why, 1)),
                },
                Line::Kept(line) => {
                    if self.asked.min_sentences > 0 {
                        found += sentences(&words(&line));
                    }
                    if !kept.is_empty() {
                        kept.push('\n');
                    }
                    kept.push_str(&line);
                }
            }
        }
        if let Some(drop) = Verdict::below("too few sentences", found as f64, self.asked.min_sentences as f64)
        {
            return drop;
        }
        let kept = kept.trim();
        if kept.is_empty() {
            return Verdict::Drop { rule: "nothing left", detail: "no line is a sentence".into() };
        }
        if kept != subject.text() {
            let kept = kept.to_string();
            subject.set_text(kept);
        }
        subject.notes.extend(removed);
        Verdict::Keep
    }
}

impl Lines {
    pub(super) fn new(asked: &C4) -> Lines {
        Lines { asked: asked.clone() }
    }

    fn line<'a>(&self, line: &'a str) -> Line<'a> {
        let asked = &self.asked;
        let longest = asked.max_word_length as usize;
        if line.len() > longest && line.split_whitespace().any(|word| characters(word) > longest) {
            return Line::Removed("lines with a long word");
        }
        let count = line.split_whitespace().take(asked.min_words_per_line as usize).count();
        let line = if asked.citations { without_citations(line) } else { Cow::Borrowed(line) };
        let ends = line.ends_with(['.', '?', '!', '"', '\'']) && !line.ends_with("...");
        if asked.terminal_punctuation && !ends {
            return Line::Removed("lines without an end");
        }
        if (count as u64) < asked.min_words_per_line {
            return Line::Removed("lines with few words");
        }
        let lower = line.to_lowercase();
        if asked.lorem_ipsum && lower.contains("lorem ipsum") {
            return Line::Fatal("lorem ipsum");
        }
        if asked.javascript && lower.contains("javascript") {
            return Line::Removed("lines about Javascript");
        }
        if asked.curly_brackets && line.contains('{') {
            return Line::Fatal("curly bracket");
        }
        if asked.policies && POLICIES.iter().any(|policy| lower.contains(policy)) {
            return Line::Removed("lines about policies");
        }
        Line::Kept(line)
    }
}

/// The line without `[12]`, `[]`, `[edit]` and `[citation needed]`.
fn without_citations(line: &str) -> Cow<'_, str> {
    if !line.contains('[') {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('[') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let length = citation(from);
        if length == 0 {
            out.push('[');
        }
        rest = from.get(length.max(1)..).unwrap_or("");
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Bytes of the citation that a text begins with.
fn citation(text: &str) -> usize {
    for fixed in ["[edit]", "[citation needed]"] {
        if text.starts_with(fixed) {
            return fixed.len();
        }
    }
    let digits = text.chars().skip(1).take_while(|c| c.is_numeric()).map(char::len_utf8).sum::<usize>();
    if text.get(1 + digits..).is_some_and(|rest| rest.starts_with(']')) { digits + 2 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn citations_are_cut_out() {
        assert_eq!(without_citations("A[1] b[] [edit]c[citation needed] [x] [12"), "A b c [x] [12");
    }
}
