//! Preferences out of the plays: the answer to a speech, and the same words in another order.

use crate::talks;
use std::path::Path;

/// Name of the file among the plays.
pub const FILE: &str = "choices.jsonl";
/// Shorter answers have too few orders of their words.
const FEWEST_WORDS: usize = 6;

/// Writes the pairs of all plays in the folder beside them.
pub fn write(folder: &Path) -> Result<(), String> {
    let mut count = 0;
    talks::write_lines(folder, FILE, |play| {
        let turns = talks::talks(play);
        let pairs = turns.iter().filter_map(|talk| {
            let [asked, answer, ..] = talk.as_slice() else { return None };
            let shuffled = shuffled(answer, count)?;
            count += 1;
            Some(record(asked, answer, &shuffled))
        });
        pairs.collect()
    })
}

/// The words in another order, between the same spaces and line ends, but for the first and the last, which would give it away by their
/// letters; nothing of a text that has too few different ones.
fn shuffled(text: &str, number: u64) -> Option<String> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    if words.len() < FEWEST_WORDS {
        return None;
    }
    let mut state = number;
    for last in (2..words.len() - 1).rev() {
        // A linear congruential generator (Knuth, MMIX), of which the upper bits are taken.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        words.swap(last, 1 + ((state >> 33) % last as u64) as usize);
    }
    let mut out = String::with_capacity(text.len());
    let mut next = words.into_iter();
    let mut rest = text;
    while let Some(begin) = rest.find(|c: char| !c.is_whitespace()) {
        let after = &rest[begin..];
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        out.push_str(&rest[..begin]);
        out.push_str(next.next().unwrap_or_default());
        rest = &after[end..];
    }
    out.push_str(rest);
    (out != text).then_some(out)
}

/// One line of the file.
fn record(asked: &str, chosen: &str, rejected: &str) -> String {
    let turn = |role: &str, content: &str| serde_json::json!([{ "role": role, "content": content }]);
    let [prompt, chosen, rejected] =
        [turn("user", asked), turn("assistant", chosen), turn("assistant", rejected)];
    serde_json::json!({ "prompt": prompt, "chosen": chosen, "rejected": rejected }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_change_places_and_nothing_else_does() {
        let text = "Nay, answer me:\nstand and unfold yourself.";
        let other = shuffled(text, 7).unwrap();
        assert_ne!(other, text);
        assert_eq!(other.lines().map(|l| l.split(' ').count()).collect::<Vec<_>>(), [3, 4]);
        let sorted = |text: &str| {
            let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            words.sort();
            words
        };
        assert_eq!(sorted(&other), sorted(text));
        assert!(other.starts_with("Nay, ") && other.ends_with(" yourself."), "{other}");
        assert_eq!(shuffled(text, 7).unwrap(), other);
        assert!(shuffled("Yes, my lord.", 1).is_none() && shuffled("no no no no no no", 1).is_none());
    }
}
