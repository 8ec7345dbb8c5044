//! Words and phrases of a list, whole words in any case.

use crate::clean::subject::{Judge, Scratch, Subject, Verdict};
use crate::codes::{e0552, e0583};
use crate::{Outcome, Place, files};
use aho_corasick::{AhoCorasick, MatchKind};
use regimen_base::cleaning::{Action, WordList};
use std::io::Read;
use std::path::Path;

/// Largest list, in bytes.
const MAX_LIST: u64 = 64 << 20;

pub(super) struct Listed {
    automaton: AhoCorasick,
    action: Action,
    tolerate: u64,
}

impl Listed {
    /// Reads the list.
    pub(super) fn read(place: &Place, asked: &WordList) -> Outcome<Listed> {
        let file = files::find_one(place, Path::new(&asked.file))?;
        let mut text = String::new();
        let read = file.open().map_err(|f| vec![*f])?.take(MAX_LIST).read_to_string(&mut text);
        read.map_err(|error| vec![e0552::unreadable(&file.name, &error)])?;
        let words = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Listed::new(words, asked).ok_or_else(|| vec![e0583::empty_list(&file.name)])
    }

    fn new<'a>(words: impl Iterator<Item = &'a str>, asked: &WordList) -> Option<Listed> {
        let words: Vec<String> = words.map(str::to_lowercase).collect();
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&words).ok()?;
        (!words.is_empty()).then_some(Listed { automaton, action: asked.action, tolerate: asked.tolerate })
    }

    /// Where listed words stand in a text in lower case.
    fn found(&self, lower: &str) -> Vec<(usize, usize)> {
        let whole = |start: usize, end: usize| {
            let before = lower.get(..start).and_then(|t| t.chars().next_back());
            let after = lower.get(end..).and_then(|t| t.chars().next());
            let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            !joins(before) && !joins(after)
        };
        let matches = self.automaton.find_iter(lower).map(|m| (m.start(), m.end()));
        matches.filter(|(start, end)| whole(*start, *end)).collect()
    }
}

impl Judge for Listed {
    fn judge(&self, subject: &mut Subject, _: &mut Scratch) -> Verdict {
        // Letters whose lower case has another length would shift what is found.
        let lower: String = subject.text().chars().map(same_length_lower).collect();
        let found = self.found(&lower);
        if found.len() as u64 <= self.tolerate {
            return Verdict::Keep;
        }
        if self.action == Action::Drop {
            let first = found.first().and_then(|(start, end)| lower.get(*start..*end)).unwrap_or("");
            return Verdict::Drop {
                rule: "words of the list",
                detail: format!("{} such as `{first}`", found.len()),
            };
        }
        subject.notes.push(("words of the list", found.len() as u64));
        let mut text = String::with_capacity(lower.len());
        let mut at = 0;
        for (start, end) in found {
            text.push_str(subject.text().get(at..start).unwrap_or(""));
            text.push_str("<REMOVED>");
            at = end;
        }
        text.push_str(subject.text().get(at..).unwrap_or(""));
        subject.set_text(text);
        Verdict::Keep
    }
}

fn same_length_lower(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) if one.len_utf8() == c.len_utf8() => one,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(action: Action, tolerate: u64) -> Listed {
        let asked = WordList { file: String::new(), action, tolerate };
        Listed::new(["Bad", "bad word", "ärger"].into_iter(), &asked).unwrap()
    }

    fn judge(listed: &Listed, text: &str) -> (Verdict, String) {
        let mut subject = Subject::new(text.into());
        let verdict = listed.judge(&mut subject, &mut Scratch::default());
        (verdict, subject.into_text())
    }

    #[test]
    fn whole_words_in_any_case() {
        let drop = listed(Action::Drop, 0);
        assert_eq!(judge(&drop, "a badge, İ badly").0, Verdict::Keep);
        assert!(matches!(judge(&drop, "so ÄRGER.").0, Verdict::Drop { .. }));
        assert_eq!(judge(&listed(Action::Drop, 1), "bad").0, Verdict::Keep);
        assert_eq!(judge(&listed(Action::Redact, 0), "a BAD word, bad.").1, "a <REMOVED>, <REMOVED>.");
    }
}
