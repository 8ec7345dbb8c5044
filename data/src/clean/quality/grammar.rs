//! Whether sentences look like sentences. No grammar is parsed: what is told apart from language are lists, fragments, menus, text that
//! was cut or put together from words.

use crate::clean::text::lines::between_feeds;
use crate::clean::text::words::words;
use unicode_segmentation::UnicodeSegmentation;

/// Shorter runs of words are headings, names, exclamations, and not judged.
const SHORTEST: usize = 4;

/// Longer ones are no sentence that anybody reads.
const LONGEST: usize = 120;

/// English words after which a noun phrase must go on.
const DETERMINERS: [&str; 10] = ["a", "an", "the", "my", "your", "our", "their", "its", "every", "whose"];

/// Words that begin no noun phrase's rest, and end none.
const FUNCTION_WORDS: [&str; 58] = [
    "a", "an", "the", "of", "to", "in", "on", "at", "by", "for", "with", "from", "into", "and", "or", "but",
    "nor", "if", "is", "are", "was", "were", "be", "been", "am", "has", "had", "have", "does", "did", "can",
    "could", "may", "might", "shall", "should", "would", "must", "i", "me", "he", "him", "she", "we", "us",
    "they", "them", "it", "that", "this", "these", "those", "because", "than", "as", "so", "not", "who",
];

/// Sentences of a text that are long enough to be judged, and how many of them are well formed: they begin with a capital letter (or one
/// that has no case), end with terminal punctuation, open and close brackets alike, and are at most 120 words long. In English, a
/// determiner must not stand before a function word or punctuation.
pub(super) fn count(text: &str, english: bool) -> (u64, u64) {
    // Lines are often cut where a page ended; only a blank line ends a sentence. UAX 29 ends one at every line.
    let paragraphs = between_feeds(text, 2);
    let joined = paragraphs.iter().map(|paragraph| paragraph.replace(['\n', '\r'], " "));
    joined.fold((0, 0), |sum, paragraph| {
        let found = in_paragraph(&paragraph, english);
        (sum.0 + found.0, sum.1 + found.1)
    })
}

fn in_paragraph(text: &str, english: bool) -> (u64, u64) {
    let mut found = (0, 0);
    for sentence in text.unicode_sentences() {
        let sentence = sentence.trim();
        let words = words(sentence);
        if words.iter().filter(|w| w.chars().any(char::is_alphabetic)).count() < SHORTEST {
            continue;
        }
        let well = words.len() <= LONGEST && begins(sentence) && ends(sentence) && balanced(sentence);
        found.0 += 1;
        found.1 += u64::from(well && !(english && breaks_off(&words)));
    }
    found
}

fn begins(sentence: &str) -> bool {
    let first = sentence.chars().find(|c| c.is_alphanumeric());
    first.is_some_and(|c| !c.is_lowercase())
}

fn ends(sentence: &str) -> bool {
    let closes = |c: char| matches!(c, '"' | '\'' | '”' | '’' | ')' | ']' | '»' | '」' | '』' | '*' | '_');
    let last = sentence.trim_end_matches(closes).chars().next_back();
    last.is_some_and(|c| {
        matches!(
            c,
            '.' | '!' | '?' | '…' | ':' | ';' | '。' | '\u{ff01}' | '\u{ff1f}' | '।' | '؟' | '۔' | '։' | '።'
        )
    })
}

fn balanced(sentence: &str) -> bool {
    [('(', ')'), ('[', ']'), ('{', '}'), ('“', '”')].iter().all(|(open, close)| {
        let count = |wanted: char| sentence.chars().filter(|c| *c == wanted).count();
        count(*open) == count(*close)
    })
}

/// Whether a determiner has nothing to determine.
fn breaks_off(words: &[&str]) -> bool {
    let listed = |list: &[&str], word: &str| list.iter().any(|entry| word.eq_ignore_ascii_case(entry));
    words.windows(2).any(|pair| {
        let [first, second] = pair else { return false };
        let nothing =
            |w: &str| matches!(w, "." | "," | ";" | ":" | "?" | "!" | ")") || listed(&FUNCTION_WORDS, w);
        listed(&DETERMINERS, first) && nothing(second)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_told_from_what_is_none() {
        for (text, expected) in [
            ("The committee met on Monday. It decided to open the library.", (2, 2)),
            ("The committee met\non Monday morning.\n\nIt decided to open", (2, 1)),
            ("Home | About us | Contact | Log in | Shop", (1, 0)),
            ("library the of opened to a committee decided Monday on.", (1, 0)),
            ("The of library committee decided to open it.", (1, 0)),
            ("He said (and meant it that the shop was closed.", (1, 0)),
            ("Yes. No. Really?", (0, 0)),
            ("委員会は昨日、新しい図書館を来年開くことを決めました。", (1, 1)),
        ] {
            assert_eq!(count(text, true), expected, "{text}");
        }
        assert_eq!(count("Der Ausschuss hat die neue Bibliothek gestern eröffnet.", false), (1, 1));
    }
}
