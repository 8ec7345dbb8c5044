//! Whether single documents can be samples: enough text, not too much, letters in it, a language, a class that is declared.

/// Fewer words say nothing.
const FEWEST_WORDS: usize = 3;

/// More words are no text that somebody wrote in one piece (Gopher's limit).
const MOST_WORDS: usize = 100_000;

/// The check that names a class that no declaration knows.
pub(crate) const UNDECLARED: &str = "class not declared";

/// The check that a document names no language, among those whose language is looked at.
pub(crate) const NO_LANGUAGE: &str = "no language";

/// Checks that a text does not pass.
pub(crate) fn failed(text: &str) -> Option<&'static str> {
    let words = text.split_whitespace();
    let (mut letters, mut others) = (0u64, 0u64);
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        if c.is_alphabetic() { letters += 1 } else { others += 1 }
    }
    // Writing without spaces is one word, however much it says.
    let spaced = !text.chars().any(crate::clean::text::scripts::is_unspaced);
    match () {
        () if letters < others => Some("mostly no letters"),
        () if spaced && words.clone().take(FEWEST_WORDS).count() < FEWEST_WORDS => Some("fewer than 3 words"),
        () if words.count() > MOST_WORDS => Some("more than 100,000 words"),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_checked() {
        for (text, expected) in [
            ("This movie is great.", None),
            ("Great!", Some("fewer than 3 words")),
            ("+++ 12 34 56 +++ 1.0", Some("mostly no letters")),
            ("委員会は新しい図書館を開く", None),
        ] {
            assert_eq!(failed(text), expected, "{text}");
        }
        assert_eq!(failed(&"ab ".repeat(100_001)), Some("more than 100,000 words"));
    }
}
